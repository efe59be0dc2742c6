import numpy as np
import pytest

from guard.backends import arrays
from guard.backends.fingerprints import key_file, load, make_key, read_key
from guard.backends.stack import Stack
from guard.errors import ConfigError
from tests.backends.test_customers import build as build_rows
from tests.backends.test_customers import write
from tests.prose import prose


def test_an_index_of_an_unknown_kind_is_refused(tmp_path):
    arrays.write(tmp_path / "index", {"kind": "songs"}, {"hashes": np.zeros(1, np.uint64)})
    with pytest.raises(ConfigError, match="unknown kind"):
        load(tmp_path / "index")


def test_a_key_is_made_once(tmp_path):
    key = make_key(tmp_path / "index")
    assert len(key) == 32
    assert make_key(tmp_path / "index") == key == read_key(tmp_path / "index")
    with pytest.raises(ConfigError, match="cannot be made"):
        make_key(tmp_path / "no" / "index")


def test_a_key_may_be_a_link(tmp_path):
    key = make_key(tmp_path / "index")
    key_file(tmp_path / "index").rename(tmp_path / "mounted")
    key_file(tmp_path / "index").symlink_to(tmp_path / "mounted")
    assert read_key(tmp_path / "index") == key


def test_both_work_in_the_stack(tmp_path):
    from guard.backends import folders

    place = tmp_path / "documents"
    place.mkdir()
    (place / "plan.txt").write_text(prose("ko", 1))
    folders.build(place, tmp_path / "plans", lambda _: None)
    write(tmp_path / "list.csv")
    _, index = build_rows(tmp_path)
    stack = Stack((load(tmp_path / "plans"), load(index)))
    text = f"홍길동님께:\n{prose('ko', 1)[:300]}\n계좌 110-123-456789"
    (spans,) = stack.recognize([text])
    found = [(span.entity, text[span.start : span.end]) for span in spans]
    assert ("CUSTOMER", "홍길동") not in found  # the account is too far from the name
    assert [entity for entity, _ in found].count("CONFIDENTIAL_TEXT") == 1
    (spans,) = stack.recognize(["홍길동님 계좌 110-123-456789"])
    assert "CUSTOMER" in {span.entity for span in spans}
