"""The rules in force: policies, and constitutions with the versions that were in force before and their tests."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from guard.backends.examining import Examined, examined
from guard.console.counting import Use
from guard.console.pages import Parts, page, parts_of
from guard.constitution import Constitution


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a constitution, by its digest: when it was in force, and how its tests ended on each critic."""

    digest: str
    use: Use | None
    tests: tuple[Examined, ...]
    current: bool


async def policies(request: Request) -> Response:
    """Every policy in the order in which they are asked."""
    parts = parts_of(request)
    await run_in_threadpool(parts.counted.advance, parts.reader)
    rules = [(rule, parts.counted.use_of_policy(rule.policy, rule.digest)) for rule in parts.service.policies]
    return page(request, "policies.html", {"rules": rules})


async def constitutions(request: Request) -> Response:
    """Every constitution that policies name."""
    parts = parts_of(request)
    known = await run_in_threadpool(_tested, parts)
    found = [(one, [test for test in known if test.digest == one.digest]) for one in _documents(parts)]
    return page(request, "constitutions.html", {"documents": found, "critic": parts.service.critic})


async def constitution(request: Request) -> Response:
    """One constitution: its principles with their examples, and its versions."""
    parts = parts_of(request)
    document = next((one for one in _documents(parts) if one.name == request.path_params["name"]), None)
    if document is None:
        raise HTTPException(404)
    versions = await run_in_threadpool(_versions, parts, document)
    return page(request, "constitution.html", {"document": document, "versions": versions})


def _documents(parts: Parts) -> tuple[Constitution, ...]:
    return tuple(parts.service.constitutions.values())


def _tested(parts: Parts) -> tuple[Examined, ...]:
    return examined(parts.service.config.data / "proofs")


def _versions(parts: Parts, document: Constitution) -> tuple[Version, ...]:
    """That in force first, then the others, the one used last in front."""
    parts.counted.advance(parts.reader)
    tests = [test for test in _tested(parts) if test.constitution == document.name]
    uses = parts.counted.uses_of_constitution(document.name)
    digests = {document.digest, *uses, *(test.digest for test in tests)}
    versions = [
        Version(one, uses.get(one), tuple(t for t in tests if t.digest == one), one == document.digest)
        for one in sorted(digests)
    ]
    return tuple(sorted(versions, key=lambda v: (not v.current, -(v.use.last if v.use else 0))))
