import stat

import numpy as np
import pytest

from guard.backends import arrays
from guard.errors import ConfigError

ARRAYS = {
    "numbers": np.arange(1_000, dtype=np.uint64) * np.uint64(2**50),
    "bytes": np.arange(7, dtype=np.uint8),
    "none": np.zeros(0, np.uint32),
}


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "index"
    arrays.write(path, {"kind": "test", "words": "한국어"}, ARRAYS)
    return path


def test_what_was_written_is_read(file):
    header, kept = arrays.read(file)
    assert (header["kind"], header["words"]) == ("test", "한국어")
    for name, array in ARRAYS.items():
        assert kept[name].dtype == array.dtype
        assert kept[name].tolist() == array.tolist()


def test_it_is_for_its_owner_alone_and_leaves_no_draft(file):
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["index"]


def test_who_has_it_open_keeps_what_was_read(file):
    _, kept = arrays.read(file)
    arrays.write(file, {"kind": "other"}, {"numbers": np.zeros(3, np.uint64)})
    assert kept["numbers"].tolist() == ARRAYS["numbers"].tolist()
    assert arrays.read(file)[0]["kind"] == "other"


def refused(file):
    with pytest.raises(ConfigError) as error:
        arrays.read(file)
    assert str(file) in error.value.message
    return error.value.message


def test_every_shortened_file_is_refused(file):
    data = file.read_bytes()
    for length in (0, 5, 23, 30, 200, 1_000, len(data) - 1):
        file.write_bytes(data[:length])
        assert "Build it again" in refused(file) or "Name the file" in refused(file)
    file.write_bytes(data + b"x")
    assert "cut short" in refused(file)


def test_a_newer_format_is_refused(file):
    data = bytearray(file.read_bytes())
    data[8:12] = (arrays.FORMAT + 1).to_bytes(4, "little")
    file.write_bytes(data)
    assert "newer guard" in refused(file)


def test_a_damaged_header_is_refused(file):
    data = bytearray(file.read_bytes())
    data[30] ^= 1
    file.write_bytes(data)
    assert "damaged" in refused(file)


def test_other_files_are_refused(tmp_path):
    (tmp_path / "text").write_text("This is no index, it is a text of some length.")
    assert "not made by" in refused(tmp_path / "text")
    assert "cannot be read" in refused(tmp_path / "nowhere")
    assert "cannot be read" in refused(tmp_path)


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(ConfigError, match="cannot be written"):
        arrays.write(tmp_path / "no" / "index", {}, {})
