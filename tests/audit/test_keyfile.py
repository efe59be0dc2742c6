import os
import stat
import threading

import pytest

from guard.audit.keyfile import create, load_or_create
from guard.errors import ConfigError


def test_a_key_is_made_once_and_only_its_owner_can_read_it(tmp_path):
    path = tmp_path / "data" / "some.key"
    first = load_or_create(path, lambda: os.urandom(32))
    assert load_or_create(path, lambda: os.urandom(32)) == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert list(path.parent.iterdir()) == [path]


def test_of_many_that_start_at_once_all_get_the_same_key(tmp_path):
    path, got, gate = tmp_path / "some.key", [], threading.Barrier(16)

    def start():
        gate.wait()
        got.append(load_or_create(path, lambda: os.urandom(32)))

    threads = [threading.Thread(target=start) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 16
    assert set(got) == {path.read_bytes()}


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601, 0o644])
def test_a_key_that_others_could_use_is_refused_with_the_remedy(tmp_path, mode):
    path = tmp_path / "some.key"
    load_or_create(path, lambda: b"secret")
    path.chmod(mode)
    with pytest.raises(ConfigError) as caught:
        load_or_create(path, lambda: b"another")
    assert f"chmod 600 {path}" in caught.value.message
    assert "secret" not in caught.value.message


def test_what_is_there_is_left_alone(tmp_path):
    path = tmp_path / "some.pub"
    create(path, b"one", mode=0o644)
    create(path, b"two", mode=0o644)
    assert path.read_bytes() == b"one"
    assert stat.S_IMODE(path.stat().st_mode) & 0o600 == 0o600


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be made"):
        load_or_create(tmp_path / "file" / "some.key", lambda: b"secret")


def test_a_folder_in_place_of_the_key_is_refused(tmp_path):
    (tmp_path / "some.key").mkdir()
    with pytest.raises(ConfigError, match="cannot be read"):
        load_or_create(tmp_path / "some.key", lambda: b"secret")
