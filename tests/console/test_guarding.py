import pytest
from starlette.endpoints import HTTPEndpoint
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route, Router, WebSocketRoute
from starlette.staticfiles import StaticFiles

from guard.config import Role
from guard.console.access import ROLES, Viewer, csrf_field, everyone, needs, viewer_of
from guard.console.guarding import check_stated
from guard.errors import ConfigError


async def forgotten(request: Request) -> Response:
    return PlainTextResponse("seen")


class Forgotten(HTTPEndpoint):
    async def get(self, request: Request) -> Response:
        return PlainTextResponse("seen")


@pytest.mark.parametrize(
    "route",
    [
        Route("/console/x", forgotten),
        Route("/console/x", Forgotten),
        Mount("/console/x", routes=[Route("/y", needs("admin")(forgotten)), Route("/z", forgotten)]),
        Mount("/console/x", app=Router()),
        Mount("/console/x", app=StaticFiles(directory=".")),
        WebSocketRoute("/console/x", forgotten),
    ],
)
def test_a_page_that_does_not_say_who_may_see_it_does_not_start(route):
    with pytest.raises(ConfigError, match="does not say who may see it"):
        check_stated([Route("/console", needs("viewer")(forgotten)), route])


def test_pages_that_say_so_start(tmp_path):
    check_stated(
        [
            Route("/console/x", needs("admin")(forgotten)),
            Mount("/console/y", routes=[Route("/z", everyone(forgotten))]),
            Mount("/console/static", app=everyone(StaticFiles(directory=tmp_path))),
        ]
    )


def test_a_mark_that_everyone_may_see_it_does_not_spread_to_another_endpoint():
    async def own(request: Request) -> Response:
        return PlainTextResponse("seen")

    everyone(own)

    async def other(request: Request) -> Response:
        return PlainTextResponse("seen")

    with pytest.raises(ConfigError):
        check_stated([Route("/console/x", other)])


@pytest.mark.parametrize("role", ROLES)
def test_each_role_may_what_those_before_it_may(role: Role):
    viewer = Viewer("ada", role)
    assert [viewer.may(one) for one in ROLES] == [ROLES.index(one) <= ROLES.index(role) for one in ROLES]


async def test_without_the_gate_nobody_is_anybody():
    request = Request({"type": "http", "method": "GET", "path": "/console", "query_string": b"", "headers": []})
    assert viewer_of(request) is None
    with pytest.raises(RuntimeError):
        csrf_field(request)
    reply = await needs("viewer")(forgotten)(request)
    assert reply.status_code == 303


async def test_what_a_browser_says_of_itself_is_not_believed():
    scope = {"type": "http", "method": "GET", "path": "/console", "query_string": b"", "headers": []}
    request = Request({**scope, "state": {"seat": {"viewer": "ada"}, "viewer": Viewer("ada", "admin")}})
    assert viewer_of(request) is None
