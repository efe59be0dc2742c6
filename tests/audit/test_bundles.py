"""A file with a proof is checked by itself, and no byte of it can be changed so that it shows something else."""

import json
import subprocess
import sys
from contextlib import closing as closed
from pathlib import Path

import pytest

from guard.audit.bundles import Growth, Inclusion, check, dump, load
from guard.audit.checkpoint import PublicKey
from guard.audit.proving import grew, prove
from guard.errors import AuditError
from tests.audit.samples import closing, new_store, opening, signed


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[PublicKey, Inclusion, Growth]:
    with closed(new_store(tmp_path_factory.mktemp("log"))) as store:
        store.append([opening(f"{number}") for number in range(3)])
        early = signed(store)
        store.append([closing(f"{number}") for number in range(3)])
        store.sign()
        with store.state() as state:
            return store.public_key, prove(state, "1", store.public_key), grew(state, early, store.public_key)


@pytest.mark.parametrize("which", [1, 2])
def test_a_proof_comes_back_from_its_file(made: tuple[PublicKey, Inclusion, Growth], which: int) -> None:
    assert load(dump(made[which])) == made[which]  # type: ignore[arg-type]


def test_a_proof_says_what_it_shows(made: tuple[PublicKey, Inclusion, Growth]) -> None:
    key, inclusion, growth = made
    signed = f"The log {key.origin} held 6 entries; it signed so on 2025-11-24 16:00:00 UTC, by its own clock, with the key that you gave."
    there = "of them is, byte for byte, the one in this file: the"
    assert check(inclusion, key) == [
        signed,
        f"Entry 1 {there} beginning of exchange 1, dated 2025-11-24 16:00:00 UTC.",
        f"Entry 4 {there} end of exchange 1 (completed, revise), dated 2025-11-24 16:00:00 UTC.",
    ]
    assert check(growth, key) == [
        signed,
        "It begins with the 3 entries that it held when it signed its checkpoint of 2025-11-24 16:00:00 UTC: "
        "none of them was altered, removed or moved since.",
    ]


@pytest.mark.parametrize("which", [1, 2])
def test_no_byte_can_be_changed(made: tuple[PublicKey, Inclusion, Growth], which: int) -> None:
    key, text = made[0], dump(made[which])  # type: ignore[arg-type]
    raw, refused = text.encode(), 0
    for at in range(len(raw)):
        for flip in (1, 32, 128):
            changed = raw[:at] + bytes([raw[at] ^ flip]) + raw[at + 1 :]
            try:
                proof = load(changed.decode())
                check(proof, key)
            except (AuditError, UnicodeDecodeError):
                refused += 1
            else:
                assert proof == made[which]  # a blank between tokens is no part of the proof
    assert refused > 2.9 * len(raw)


@pytest.mark.parametrize("which", [1, 2])
def test_a_proof_cannot_be_cut(made: tuple[PublicKey, Inclusion, Growth], which: int) -> None:
    text = dump(made[which]).rstrip()  # type: ignore[arg-type]
    for end in range(len(text)):
        with pytest.raises(AuditError):
            load(text[:end])


def test_no_part_can_be_left_out_or_added_or_put_elsewhere(made: tuple[PublicKey, Inclusion, Growth]) -> None:
    key, inclusion, growth = made
    first, last = inclusion.leaves
    swapped = [type(first)(first.index, last.body, first.path), type(first)(last.index, first.body, last.path)]
    for leaves in ((), (first, first), tuple(swapped), (type(first)(first.index, first.body, last.path), last)):
        with pytest.raises(AuditError):
            check(Inclusion(inclusion.checkpoint, leaves), key)
    for path in (growth.path[1:], growth.path[::-1], (*growth.path, growth.path[0])):
        with pytest.raises(AuditError):
            check(Growth(growth.before, growth.after, path), key)
    with pytest.raises(AuditError):
        check(Growth(growth.after, growth.before, growth.path), key)
    assert check(Inclusion(inclusion.checkpoint, (first,)), key)[2].startswith("Not shown: how the exchange ended")
    assert check(Inclusion(inclusion.checkpoint, (last,)), key)[2].startswith("Not shown: how the exchange began")


def test_entries_of_two_exchanges_are_no_proof_of_one(tmp_path: Path) -> None:
    with closed(new_store(tmp_path)) as store:
        store.append([opening("0"), opening("1"), closing("1")])
        store.sign()
        with store.state() as state:
            one, other = (prove(state, name, store.public_key) for name in ("0", "1"))
        mixed = Inclusion(one.checkpoint, (*one.leaves, other.leaves[1]))
        with pytest.raises(AuditError, match="of one exchange"):
            check(mixed, store.public_key)


def test_a_proof_of_another_log_shows_nothing(made: tuple[PublicKey, Inclusion, Growth], tmp_path: Path) -> None:
    with closed(new_store(tmp_path)) as other:
        for proof in made[1:]:
            with pytest.raises(AuditError, match="not signed by the key of this log"):
                check(proof, other.public_key)


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data.update(format="guard-inclusion/2"),
        lambda data: data.update(format=["guard-inclusion/1"]),
        lambda data: data.update(more=1),
        lambda data: data.pop("checkpoint"),
        lambda data: data.update(leaves={}),
        lambda data: data.update(checkpoint=None),
        lambda data: data["leaves"].append(1),
        lambda data: data["leaves"][0].update(index=True),
        lambda data: data["leaves"][0].update(index="1"),
        lambda data: data["leaves"][0].update(path=[1]),
        lambda data: data["leaves"][0].update(path=["AA=="]),
        lambda data: data["leaves"][0].update(path=["A" * 44] * 65),
        lambda data: data["leaves"][0].update(body="\ud800"),
        lambda data: data["leaves"][0].update(index=-1),
    ],
)
def test_a_file_of_another_shape_is_refused(made: tuple[PublicKey, Inclusion, Growth], change) -> None:  # type: ignore[no-untyped-def]
    data = json.loads(dump(made[1]))
    change(data)
    with pytest.raises(AuditError):
        check(load(json.dumps(data)), made[0])


@pytest.mark.parametrize(
    "text", ["", "[]", "null", "[" * 100_000, '{"format":"guard-inclusion/1","format":1}', "1e999"]
)
def test_what_is_no_proof_is_refused(text: str) -> None:
    with pytest.raises(AuditError):
        load(text)


def test_the_program_in_the_documents_checks_a_proof(made: tuple[PublicKey, Inclusion, Growth], tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "audit.md").read_text()
    program = page.split("```python\n")[1].split("```")[0]
    (tmp_path / "audit.pub").write_text(f"{made[0]}\n")

    def run(text: str) -> subprocess.CompletedProcess[str]:
        (tmp_path / "proof.json").write_text(text)
        asked = [sys.executable, "-c", program, str(tmp_path / "proof.json"), str(tmp_path / "audit.pub")]
        return subprocess.run(asked, capture_output=True, text=True, check=False)

    sound = run(dump(made[1]))
    assert sound.stdout.splitlines() == ["entry 1 of 6 is opening", "entry 4 of 6 is closing"], sound.stderr
    for old, new in (("legal", "sales"), ('"index": 4', '"index": 3'), ("after 3", "after 2")):
        altered = run(dump(made[1]).replace(old, new))
        assert (altered.returncode, altered.stdout.count("entry 4")) == (1, 0)
