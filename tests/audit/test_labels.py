from pathlib import Path

import pytest

from guard.audit.drawers import SqliteDrawer
from guard.audit.labels import Label, Labels
from guard.errors import AuditError


@pytest.fixture
def labels(tmp_path: Path):
    made = Labels(SqliteDrawer(tmp_path / "labels.db", "labels"))
    yield made
    made.close()


def label(
    exchange: str = "a", principle: str = "p", *, right: bool = True, by: str = "eve", time: float = 1.0
) -> Label:
    return Label(exchange, principle, right, "a note", by, time)


def test_what_was_put_is_read_back_the_oldest_first(labels):
    first, second = label(time=1.0), label("b", right=False, time=0.5)
    labels.put(first)
    labels.put(second)
    assert labels.all() == (second, first)
    assert labels.of("a") == (first,)
    assert labels.of("c") == ()
    assert labels.labelled() == {("a", "p"), ("b", "p")}


def test_a_person_who_speaks_again_takes_back_what_they_said(labels):
    labels.put(label(right=True))
    labels.put(label(right=False, time=2.0))
    labels.put(label(right=True, by="bob"))
    assert {(one.by, one.right) for one in labels.all()} == {("eve", False), ("bob", True)}


def test_labels_outlive_the_process_and_are_their_owners_alone(tmp_path: Path, labels):
    labels.put(label())
    again = Labels(SqliteDrawer(tmp_path / "labels.db", "labels"))
    assert again.all() == (label(),)
    again.close()
    assert (tmp_path / "labels.db").stat().st_mode & 0o077 == 0


def test_a_file_that_is_no_database_is_said(tmp_path: Path):
    (tmp_path / "labels.db").write_text("no database at all, and long enough to be read as one" * 20)
    with pytest.raises(AuditError, match=r"labels\.db"):
        Labels(SqliteDrawer(tmp_path / "labels.db", "labels"))
