from dataclasses import dataclass, field

import pytest

from guard.errors import RequestError
from tests.console.desk import desk, send


@dataclass(frozen=True)
class Reply:
    exchange: str
    principles: tuple[str, ...] = ("no-<threats>",)


@dataclass(frozen=True)
class Kept:
    held: Reply
    expires: float = 1_900_000_000.0
    decided: str = "pending"
    actor: str = ""


@dataclass
class Drawer:
    """Held replies in memory, decided once, as those on disk are."""

    kept: dict[str, Kept] = field(default_factory=dict)

    def list(self):
        return tuple(self.kept.values())

    def decide(self, exchange, decided, actor, note, record):
        if self.kept[exchange].decided != "pending":
            raise RequestError("A decision stands.")
        record("approve" if decided == "approved" else "reject", exchange, note)
        self.kept[exchange] = Kept(Reply(exchange), decided=decided, actor=actor)


@pytest.fixture
def drawer():
    return Drawer({name: Kept(Reply(name)) for name in ("000-sample", "001-sample")})


def test_a_held_reply_is_decided_once_and_on_record(tmp_path, drawer):
    with desk(tmp_path, held=drawer) as here, here.client("auditor", "eve") as client:
        text = client.get("/console/held").text
        assert "no-&lt;threats&gt;" in text
        reply = send(client, "/console/held", "/console/held/000-sample", answer="approve", note="harmless")
        assert reply.headers["location"] == "/console/held?told=decision"
        act = here.acts()[-1]
        assert (act.action, act.actor, act.subject, act.note) == ("approve", "eve", "000-sample", "harmless")
        assert "approved · eve" in client.get("/console/held").text
        again = send(client, "/console/held", "/console/held/000-sample", answer="reject")
        assert again.status_code == 400
        assert "A decision stands." in again.text
        assert send(client, "/console/held", "/console/held/001-sample", answer="reject").status_code == 303
        assert here.acts()[-1].action == "reject"


@pytest.mark.parametrize("fields", [{}, {"answer": "burn"}, {"answer": "approve", "note": "x" * 501}])
def test_a_decision_that_says_nothing_is_not_taken(tmp_path, drawer, fields):
    with desk(tmp_path, held=drawer, exchanges=0) as here, here.client("auditor") as client:
        assert send(client, "/console/held", "/console/held/000-sample", **fields).status_code == 400
        assert drawer.kept["000-sample"].decided == "pending"


def test_a_guard_that_holds_nothing_says_so(auditor, viewer):
    assert "holds no replies back" in auditor.get("/console/held").text
    assert viewer.get("/console/held").status_code == 403
