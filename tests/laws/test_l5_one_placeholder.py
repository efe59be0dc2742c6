"""L5: one value, one tenant, one placeholder; two values never share one; a masked history keeps its bytes."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from itertools import count, cycle, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guard.answering import bind
from guard.asks import Bind, Bound, Request
from guard.audit.drawers import SqliteDrawer
from guard.audit.vault_store import VaultStore
from guard.mask.placeholders import CODE_LENGTH, FORM_LENGTH, Coder
from tests.dialogue import BOB, CARD, DIGITS, KEY, MAIL, NAME, SECRET, Played, completion, plan, play

if TYPE_CHECKING:  # the processes of the last test need no server
    from tests.house import House
    from tests.upstream import FakeUpstream

DAY = 86400.0
ROOT = Path(__file__).parents[2]

# Spellings of one value, the usual one first.
SPELLINGS = {
    NAME: (NAME, "ALICE MEYER", "alice meyer", "aLICE Meyer"),
    MAIL: (MAIL, "Alice.Meyer@example.com", "ALICE.MEYER@example.com"),
    CARD: (CARD, DIGITS, "41111111 1111 1111"),
}
USERS = tuple(f"user{number}@example.com" for number in range(40))

values = st.sampled_from((SECRET, BOB, *(spelling for group in SPELLINGS.values() for spelling in group), *USERS))
names = st.sampled_from(("Alice", "alice", "ALICE", "aLiCe")).flatmap(
    lambda first: st.sampled_from(("Meyer", "meyer", "MEYER", "mEyEr", "MeyeR")).map(lambda last: f"{first} {last}")
)
several = st.lists(values, min_size=1, max_size=8, unique=True)


def drawn(letters: str, *parts: str) -> str:
    """32 letters that follow from `parts`, and not from the tenant: so an example that failed fails again."""
    digest = hashlib.sha256("\0".join(parts).encode()).digest()
    return "".join(letters[byte % len(letters)] for byte in digest)


class Crowded(Coder):
    """Codes of which there are few: two of the usual length, and four times as many with every lengthening."""

    def _code(self, entity: str, value: str, length: int = CODE_LENGTH) -> str:
        return f"K7Q2M4X{drawn('01', entity, value)}"[:length]


class CrowdedForms(Coder):
    """Forms of which there are few: four of the usual length, and four times as many with every lengthening."""

    def _form(self, entity: str, value: str, spelling: str, length: int = FORM_LENGTH) -> str:
        return f"7F2{drawn('0123', entity, value, spelling)}"[:length]


@dataclass(frozen=True)
class Worker:
    """A worker of guard as far as placeholders go: the key of the tenant, and its vault if there is one."""

    coder: Coder
    vault: VaultStore | None = None

    def taken(self, ask: Bind) -> frozenset[str]:
        return bind(self, ask) if self.vault else frozenset()  # type: ignore[arg-type]

    def ask(self, request: Any, reply: Any = b"") -> Played:
        return play(request, reply, plan(coder=self.coder), taken=self.taken)

    def placeholders(self, those: Sequence[str]) -> dict[str, str]:
        """What stands for each value when one exchange holds them in this order; the reply must bring them back."""
        messages = [{"role": "user", "content": value} for value in those]
        played = self.ask({"model": "m", "messages": messages}, _repeat)
        assert played.content == "\n".join(those)
        return dict(zip(those, (message["content"] for message in played.sent["messages"]), strict=True))


def _repeat(request: Request) -> bytes:
    return completion("\n".join(message["content"] for message in json.loads(request.body)["messages"]))


@dataclass(frozen=True)
class Office:
    """Two workers on one vault file, whose clock stands on `days`. Each example of a property has its own tenant."""

    vaults: tuple[VaultStore, VaultStore]
    numbers: Iterator[int]
    days: list[float]

    def wait(self, days: float) -> None:
        """Let time pass, and forget what has outlived it."""
        self.days[0] += days
        self.vaults[0].forget_expired()

    def workers(self, kind: type[Coder]) -> tuple[Worker, Worker]:
        tenant = f"tenant {next(self.numbers)}"
        first, second = self.vaults
        return Worker(kind(KEY, tenant), first), Worker(kind(KEY, tenant), second)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    file = tmp_path_factory.mktemp("vault") / "vault.db"
    days = [0.0]
    first, second = (
        VaultStore(SqliteDrawer(file, "vault"), KEY, lifetime_s=30 * DAY, clock=lambda: days[0] * DAY) for _ in range(2)
    )
    with closing(first), closing(second):
        yield Office((first, second), count(), days)


def assert_one_each(found: Sequence[Mapping[str, str]]) -> None:
    """Every value has one placeholder in all of `found`, and no two values share one."""
    pairs = {pair for placeholders in found for pair in placeholders.items()}
    assert len({value for value, _ in pairs}) == len(pairs), "a value has two placeholders"
    assert len({placeholder for _, placeholder in pairs}) == len(pairs), "two values share a placeholder"


def code_of(placeholder: str) -> str:
    """`PERSON_K7Q2M4XD` of `<PERSON_K7Q2M4XD_7F2K>`."""
    name = placeholder.strip("<>")
    parts = name.split("_")
    return name.rpartition("_")[0] if len(parts[-1]) < CODE_LENGTH else name


# --- one value, one placeholder ----------------------------------------------------------------------------------


@settings(max_examples=100, deadline=None)
@given(several.flatmap(lambda those: st.tuples(st.just(those), st.permutations(those))))
def test_a_placeholder_depends_on_its_value_alone(orders: tuple[list[str], list[str]]) -> None:
    alone = [Worker(Coder(KEY)).placeholders([value]) for value in orders[0]]
    assert_one_each([*alone, *(Worker(Coder(KEY)).placeholders(order) for order in orders)])


@settings(max_examples=100, deadline=None)
@given(several, st.sampled_from(((KEY, "other"), (b"o" * 32, "default"), (b"o" * 32, "other"))))
def test_another_tenant_or_key_has_other_placeholders(those: list[str], other: tuple[bytes, str]) -> None:
    ours, theirs = Worker(Coder(KEY)).placeholders(those), Worker(Coder(*other)).placeholders(those)
    assert not set(map(code_of, ours.values())) & set(map(code_of, theirs.values()))


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(sorted(SPELLINGS)), st.data())
def test_spellings_share_the_code_and_differ_in_form(value: str, data: st.DataObject) -> None:
    spellings = SPELLINGS[value]
    if value == NAME:  # in any mixture of capitals
        spellings = (NAME, *data.draw(st.sets(names.filter(lambda name: name != NAME), max_size=5)))
    found = Worker(Coder(KEY)).placeholders(data.draw(st.permutations(spellings)))
    assert_one_each([found])
    assert {code_of(placeholder) for placeholder in found.values()} == {found[value].strip("<>")}


@settings(max_examples=50, deadline=None)
@given(st.sampled_from((MAIL, NAME, SECRET, CARD, BOB)), st.booleans())
def test_a_value_has_one_placeholder_wherever_it_stands(value: str, escapes: bool) -> None:
    arguments = json.dumps({"who": value, value: [value]}, ensure_ascii=escapes)
    call = {"id": "c", "type": "function", "function": {"name": "send", "arguments": arguments}}
    messages = [
        {"role": "system", "content": f"Write to {value}."},
        {"role": "user", "name": value, "content": [{"type": "text", "text": value}]},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c", "content": json.dumps([value], ensure_ascii=escapes)},
    ]
    request = {"model": "m", "messages": messages, "metadata": {value: value}, "unknown": {"deep": [{value: value}]}}
    name = Worker(Coder(KEY)).placeholders([value])[value].strip("<>")
    played = Worker(Coder(KEY)).ask(request, completion("Done."))
    assert played.request.body.decode().count(name) == 11
    assert len(played.of(Bind)[0].codes) == 1


# --- codes that collide ------------------------------------------------------------------------------------------


@settings(max_examples=100, deadline=None)
@given(st.lists(values, min_size=1, max_size=30, unique=True))
def test_values_whose_codes_collide_in_one_exchange_are_told_apart(those: list[str]) -> None:
    assert_one_each([Worker(Crowded(KEY)).placeholders(those)])


@settings(max_examples=100, deadline=None)
@given(several, st.lists(st.sets(st.integers(0, 9)), max_size=4))
def test_codes_that_are_taken_are_given_to_nobody(those: list[str], refusals: list[set[int]]) -> None:
    refused: dict[str, Bound] = {}

    def taken(ask: Bind) -> frozenset[str]:
        codes = sorted(ask.codes)
        chosen = {codes[at] for at in (refusals.pop(0) if refusals else ()) if at < len(codes)}
        refused.update({code: ask.codes[code] for code in chosen})
        return frozenset(chosen)

    messages = [{"role": "user", "content": value} for value in those]
    played = play({"model": "m", "messages": messages}, _repeat, taken=taken)
    assert played.content == "\n".join(those)
    assert_one_each([dict(zip(those, (message["content"] for message in played.sent["messages"]), strict=True))])
    last = played.of(Bind)[-1].codes
    assert all(code not in refused or last[code].value != refused[code].value for code in last)


@settings(max_examples=150, deadline=None)
@given(exchanges=st.lists(st.tuples(st.booleans(), several), min_size=2, max_size=8))
def test_values_whose_codes_collide_keep_their_placeholders(
    office: Office, exchanges: list[tuple[bool, list[str]]]
) -> None:
    workers = office.workers(Crowded)
    assert_one_each([workers[which].placeholders(those) for which, those in exchanges])


@settings(max_examples=150, deadline=None)
@given(exchanges=st.lists(st.tuples(st.booleans(), st.lists(names, min_size=1, max_size=4, unique=True)), max_size=8))
def test_spellings_whose_forms_collide_keep_their_placeholders(
    office: Office, exchanges: list[tuple[bool, list[str]]]
) -> None:
    workers = office.workers(CrowdedForms)
    assert_one_each([workers[which].placeholders(those) for which, those in exchanges])


@settings(max_examples=100, deadline=None)
@given(
    kind=st.sampled_from((Crowded, CrowdedForms)),
    exchanges=st.lists(
        st.tuples(
            st.booleans(), st.lists(values | names, min_size=1, max_size=4, unique=True), st.sampled_from((0, 20, 31))
        ),
        min_size=2,
        max_size=8,
    ),
)
def test_placeholders_outlive_what_the_vault_forgets(
    office: Office, kind: type[Coder], exchanges: list[tuple[bool, list[str], float]]
) -> None:
    workers = office.workers(kind)
    found = []
    for which, those, days in exchanges:
        found.append(workers[which].placeholders(those))
        office.wait(days)
    assert_one_each(found)


# --- a history -----------------------------------------------------------------------------------------------------

pieces = st.sampled_from(("Hello", "님께", "さんへ", "\n", '"', "{", "é", "<PERSON_K7Q2M4XD>", "A_B", "\\u0040", "4"))
texts = st.lists(pieces | values, max_size=5).map(" ".join)
jsons = st.builds(
    json.dumps,
    st.dictionaries(st.sampled_from(("to", "note")) | values, texts | st.lists(texts, max_size=2), max_size=3),
    ensure_ascii=st.booleans(),
    indent=st.sampled_from((None, 1)),
)
turns = st.lists(st.tuples(texts | jsons, st.sampled_from(("says", "bends", "calls")), several), min_size=2, max_size=5)


def answer(request: Request, how: str) -> bytes:
    """What a model says of the newest message: it quotes it, bends its placeholders, or calls a tool with it."""
    quoted = json.loads(request.body)["messages"][-1]["content"]
    if how == "calls":
        function = {"name": "send", "arguments": json.dumps({"text": quoted, "list": [quoted]}, ensure_ascii=False)}
        call = {"id": "call_1", "type": "function", "function": function}
        return completion({"role": "assistant", "content": None, "tool_calls": [call]})
    return completion(f"You said: {quoted.replace('<', '&lt;').lower() if how == 'bends' else quoted}")


def converse(those: list[tuple[str, str, list[str]]], workers: Sequence[Worker], keys: Mapping[str, Any]) -> Any:
    """The bodies that reach the upstream, turn by turn, of a chat whose client sends all that it has seen.

    Between the turns other chats of the tenant meet values. Each turn goes to the next worker.
    """
    messages: list[Any] = []
    at = cycle(workers)
    for said, how, others in those:
        messages.append({"role": "user", "content": said})
        raw = json.dumps({"model": "m", **keys, "messages": messages}, ensure_ascii=False, separators=(",", ":"))
        played = next(at).ask(raw.encode(), lambda request, how=how: answer(request, how))
        yield played.request.body
        messages.append(played.reply["choices"][0]["message"])
        if how == "calls":
            messages.append({"role": "tool", "tool_call_id": "call_1", "content": said})
        next(at).placeholders(others)


def assert_prefixes(bodies: Sequence[bytes]) -> None:
    for before, after in pairwise(bodies):
        assert after.startswith(before.removesuffix(b"]}") + b",")


@settings(max_examples=60, deadline=None)
@given(turns=turns, metadata=st.dictionaries(values, texts, max_size=2))
def test_a_masked_history_keeps_its_bytes(turns: list[tuple[str, str, list[str]]], metadata: dict[str, str]) -> None:
    workers = [Worker(Coder(KEY)) for _ in range(3)]
    assert_prefixes(list(converse(turns, workers, {"metadata": metadata})))


@settings(max_examples=60, deadline=None)
@given(turns=turns, metadata=st.dictionaries(values, texts, max_size=2))
def test_a_masked_history_keeps_its_bytes_where_codes_collide(
    office: Office, turns: list[tuple[str, str, list[str]]], metadata: dict[str, str]
) -> None:
    assert_prefixes(list(converse(turns, office.workers(Crowded), {"metadata": metadata})))


# --- real services and processes -----------------------------------------------------------------------------------


def sent_for(house: House, upstream: FakeUpstream, those: Sequence[str]) -> dict[str, str]:
    """What stands for each value in a request that goes through a proxy."""
    response = house.post("echo", [{"type": "text", "text": value} for value in those])
    assert response.json()["choices"][0]["message"]["content"] == "".join(those)
    parts = json.loads(upstream.seen[-1])["messages"][0]["content"]
    return dict(zip(those, (part["text"] for part in parts), strict=True))


def test_replicas_and_restarts_give_the_same_placeholders(
    upstream: FakeUpstream, tmp_path: Path, discretion: list[Path]
) -> None:
    from tests.house import IBAN, PHONE, TOKEN, proxy, start

    def opened(folder: Path) -> AbstractContextManager[House]:
        return proxy(start(folder, upstream.url), folder)

    discretion.append(tmp_path)
    those, own, restored = (MAIL, CARD, PHONE, IBAN, TOKEN), tmp_path / "own", tmp_path / "restored"
    with opened(own) as first, opened(own) as replica:
        found = [sent_for(first, upstream, those), sent_for(replica, upstream, those[::-1])]
        found += [sent_for(house, upstream, [value]) for house in (replica, first) for value in those]
    with opened(own) as restarted:
        found.append(sent_for(restarted, upstream, those[::-1]))
    (restored / "guard-data").mkdir(parents=True)
    shutil.copy(own / "guard-data" / "tenant.key", restored / "guard-data")  # all else is lost
    with opened(restored) as again:
        found += [sent_for(again, upstream, [value]) for value in those]
    assert_one_each(found)
    with opened(tmp_path / "elsewhere") as other:
        theirs = sent_for(other, upstream, those)
    assert not set(theirs.values()) & set(found[0].values())


def work(file: str, order: int) -> None:
    """What one of several processes does: mask users one by one, then all at once, and print their placeholders."""
    with closing(VaultStore(SqliteDrawer(Path(file), "vault"), KEY)) as vault:
        worker = Worker(Crowded(KEY), vault)
        those = USERS[::order]
        print(json.dumps([*(worker.placeholders([user]) for user in those), worker.placeholders(those)]))


def test_processes_that_meet_the_same_values_at_once_agree(tmp_path: Path) -> None:
    file = tmp_path / "vault.db"
    script = f"from {__name__} import work; import sys; work(sys.argv[1], int(sys.argv[2]))"
    running = [
        subprocess.Popen([sys.executable, "-c", script, str(file), order], stdout=subprocess.PIPE, cwd=ROOT)
        for order in ("1", "-1")
    ]
    found = [placeholders for process in running for placeholders in json.loads(process.communicate()[0])]
    assert [process.returncode for process in running] == [0, 0]
    assert_one_each(found)
