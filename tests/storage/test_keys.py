"""The key file: made once, private, whole, and refused with a clear sentence when it is not."""

import base64
import json
import os
from pathlib import Path
from typing import Any

import pytest

from storage.errors import KeyFileError
from storage.keys import (
    KeyFile,
    KeyRing,
    add_key,
    create_key_file,
    make_current,
    read_key_file,
    remove_key,
)

GOOD = base64.b64encode(b"s" * 32).decode()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "jianxi.key"


def write(path: Path, document: Any, mode: int = 0o600) -> None:  # noqa: ANN401
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    path.chmod(mode)


def test_a_new_file_is_private_and_reads_back(path: Path) -> None:
    made = create_key_file(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert read_key_file(path) == made
    assert list(path.parent.iterdir()) == [path]


def test_a_new_file_is_private_under_any_umask(path: Path) -> None:
    before = os.umask(0)
    try:
        create_key_file(path)
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o600


def test_an_existing_file_is_never_overwritten(path: Path) -> None:
    create_key_file(path)
    content = path.read_bytes()
    with pytest.raises(KeyFileError, match="already there"):
        create_key_file(path)
    assert path.read_bytes() == content


def test_two_files_hold_different_secrets(path: Path) -> None:
    assert create_key_file(path).secrets != create_key_file(path.with_name("other.key")).secrets


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o620])
def test_a_file_open_to_others_is_refused_with_the_mend(path: Path, mode: int) -> None:
    create_key_file(path)
    path.chmod(mode)
    with pytest.raises(KeyFileError, match="chmod 600") as caught:
        read_key_file(path)
    assert str(path) in str(caught.value)


def test_a_missing_file_names_the_setting(path: Path) -> None:
    for read in (read_key_file, KeyFile):
        with pytest.raises(KeyFileError, match=r"不存在.*JIANXI_SECRET_KEY_FILE"):
            read(path)


@pytest.mark.parametrize(
    "document",
    [
        "",
        "not json",
        "[]",
        "null",
        '"k1"',
        {"current": "k1"},
        {"keys": {"k1": {"secret": GOOD}}},
        {"current": "k1", "keys": {}},
        {"current": "k2", "keys": {"k1": {"secret": GOOD}}},
        {"current": None, "keys": {"k1": {"secret": GOOD}}},
        {"current": ["k1"], "keys": {"k1": {"secret": GOOD}}},
        {"current": "k1", "keys": [GOOD]},
        {"current": "k1", "keys": {"k1": GOOD}},
        {"current": "k1", "keys": {"k1": {"made": "2023-04-27"}}},
        {"current": "k1", "keys": {"k1": {"secret": "?" + GOOD[1:]}}},
        {"current": "k1", "keys": {"k1": {"secret": GOOD[:-4]}}},
        {"current": "k1", "keys": {"k1": {"secret": 7}}},
        {"current": "", "keys": {"": {"secret": GOOD}}},
        {"current": "k" * 17, "keys": {"k" * 17: {"secret": GOOD}}},
        {"current": "钥", "keys": {"钥": {"secret": GOOD}}},
    ],
)
def test_a_malformed_file_is_refused_without_quoting_it(path: Path, document: Any) -> None:  # noqa: ANN401
    write(path, document)
    with pytest.raises(KeyFileError) as caught:
        read_key_file(path)
    error = caught.value
    assert str(path) in str(error)
    assert GOOD[1:20] not in str(error)
    assert error.__cause__ is None


def test_a_ring_does_not_show_its_secrets() -> None:
    ring = KeyRing("k1", {"k1": b"very secret indeed, 32 bytes long"})
    assert "secret indeed" not in repr(ring)


def test_purposes_and_keys_have_keys_of_their_own() -> None:
    ring = KeyRing("k1", {"k1": b"a" * 32, "k2": b"b" * 32})
    derived = {ring.derive(key_id, purpose) for key_id in ring.ids for purpose in ("data", "index", "token")}
    assert len(derived) == 6


def test_derivation_never_changes() -> None:
    # Another derivation would make every stored value unreadable.
    key = KeyRing("k1", {"k1": bytes(range(32))}).derive("k1", "data")
    assert key.hex() == "42167960373aea9ef69c40ca400574a203ee2c4a087393e5273ee864322e0644"


def test_a_fresh_key_first_only_reads(path: Path) -> None:
    before = create_key_file(path)
    assert add_key(path) == "k2"
    ring = read_key_file(path)
    assert ring.ids == ("k1", "k2")
    assert ring.secrets["k1"] == before.secrets["k1"]
    make_current(path, "k2")
    assert read_key_file(path).ids == ("k2", "k1")
    assert path.stat().st_mode & 0o777 == 0o600


def test_when_a_key_was_made_stays_known(path: Path) -> None:
    create_key_file(path)
    document = json.loads(path.read_text())
    document["keys"]["k1"]["made"] = "2023-04-27T00:00:00+00:00"
    write(path, document)
    add_key(path)
    assert json.loads(path.read_text())["keys"]["k1"]["made"] == "2023-04-27T00:00:00+00:00"


def test_only_a_key_out_of_use_can_be_removed(path: Path) -> None:
    create_key_file(path)
    make_current(path, add_key(path))
    with pytest.raises(KeyFileError, match="current"):
        remove_key(path, "k2")
    remove_key(path, "k1")
    assert read_key_file(path).ids == ("k2",)
    with pytest.raises(KeyFileError, match="no key k1"):
        make_current(path, "k1")


def test_a_server_notices_a_new_key_and_survives_a_broken_file(path: Path) -> None:
    create_key_file(path)
    served = KeyFile(path)
    assert not served.reload_if_changed()
    add_key(path)
    assert served.reload_if_changed()
    assert served.ring.ids == ("k1", "k2")
    good = path.read_bytes()
    path.write_text("half a file")
    assert not served.reload_if_changed()
    path.unlink()
    assert not served.reload_if_changed()
    assert served.ring.ids == ("k1", "k2")
    write(path, good.decode())
    make_current(path, "k2")
    assert served.reload_if_changed()
    assert served.ring.current == "k2"
