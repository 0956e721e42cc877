"""Sealed values open only here, only unaltered, only where they belong."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.errors import SealBroken, WrongKey
from storage.keys import KeyFile, KeyRing, add_key, make_current
from storage.sealing import Sealer

NAME = b"person.name_sealed"
PHONE = b"person.phone_sealed"
ONE = KeyRing("k1", {"k1": b"1" * 32})
BOTH = KeyRing("k2", {"k1": b"1" * 32, "k2": b"2" * 32})
SEALER = Sealer(ONE)


@given(st.text())
def test_any_text_opens_to_itself(text: str) -> None:
    assert SEALER.open_text(SEALER.seal(text, NAME), NAME) == text


@given(st.binary(max_size=2000))
def test_any_bytes_open_to_themselves(data: bytes) -> None:
    assert SEALER.open(SEALER.seal(data, NAME), NAME) == data


def test_the_value_is_not_in_what_is_stored() -> None:
    assert "张伟".encode() not in SEALER.seal("张伟", NAME)


def test_equal_values_are_sealed_differently() -> None:
    assert SEALER.seal("张伟", NAME) != SEALER.seal("张伟", NAME)


def test_every_altered_byte_is_noticed() -> None:
    blob = SEALER.seal("张伟", NAME)
    for position in range(len(blob)):
        altered = blob[:position] + bytes([blob[position] ^ 1]) + blob[position + 1 :]
        with pytest.raises((SealBroken, WrongKey)):
            SEALER.open(altered, NAME)


def test_every_cut_is_noticed() -> None:
    blob = SEALER.seal("张伟", NAME)
    for length in range(len(blob)):
        with pytest.raises(SealBroken):
            SEALER.open(blob[:length], NAME)


@given(st.binary(max_size=60))
def test_anything_else_is_refused_as_such(blob: bytes) -> None:
    with pytest.raises((SealBroken, WrongKey)):
        SEALER.open(blob, NAME)


def test_a_value_moved_to_another_column_does_not_open() -> None:
    with pytest.raises(SealBroken, match=r"person\.phone_sealed"):
        SEALER.open(SEALER.seal("张伟", NAME), PHONE)


def test_another_secret_of_the_same_name_does_not_open() -> None:
    with pytest.raises(SealBroken):
        Sealer(KeyRing("k1", {"k1": b"x" * 32})).open(SEALER.seal("张伟", NAME), NAME)


def test_a_key_that_is_not_there_is_named() -> None:
    with pytest.raises(WrongKey, match="k2"):
        SEALER.open(Sealer(BOTH).seal("张伟", NAME), NAME)


def test_old_values_open_and_ask_for_resealing() -> None:
    old, both = SEALER.seal("张伟", NAME), Sealer(BOTH)
    assert both.open_text(old, NAME) == "张伟"
    assert both.needs_resealing(old)
    assert not both.needs_resealing(both.seal("张伟", NAME))


def test_a_key_id_that_begins_like_another_is_told_apart() -> None:
    sealer = Sealer(KeyRing("k1", {"k1": b"1" * 32, "k11": b"2" * 32}))
    blob = sealer.seal_under("k11", "张伟", NAME)
    assert sealer.needs_resealing(blob)
    assert sealer.open_text(blob, NAME) == "张伟"


def test_stored_values_of_this_format_open_for_ever() -> None:
    stored = bytes.fromhex("01026b31b2ec057ace59a134dbeaf6c4ff96c3cdaf6bca431316e83d2167625e1fdf64d6e615")
    assert SEALER.open_text(stored, NAME) == "张伟"
    assert SEALER.index("440106199901010014", "id_number").hex() == "d38873ab901a20d1105926b634722cbd"


def test_hashes_are_equal_for_equal_values_of_one_scope_only() -> None:
    number = "440106199901010014"
    assert SEALER.index(number, "id_number") == SEALER.index(number, "id_number")
    others = {SEALER.index(number, "phone"), SEALER.index(number[:-1] + "5", "id_number")}
    assert SEALER.index(number, "id_number") not in others
    assert len(SEALER.index(number, "id_number")) == 16


def test_lookups_try_every_key_the_current_first() -> None:
    both = Sealer(BOTH)
    assert both.indexes("1", "phone") == [both.index("1", "phone"), SEALER.index("1", "phone")]


def test_signatures_hold_under_every_key_of_the_ring() -> None:
    both = Sealer(BOTH)
    assert both.verify(b"contact 7", SEALER.mac(b"contact 7"))
    assert both.verify(b"contact 7", both.mac(b"contact 7"))
    assert not both.verify(b"contact 8", both.mac(b"contact 7"))
    assert not SEALER.verify(b"contact 7", both.mac(b"contact 7"))
    assert not SEALER.verify(b"contact 7", b"")


def test_a_value_under_a_key_added_meanwhile_opens(key_file: KeyFile) -> None:
    serving, rotating = Sealer(key_file), Sealer(KeyFile(key_file.path))
    make_current(key_file.path, add_key(key_file.path))
    rotating.refresh()
    assert serving.open_text(rotating.seal("张伟", NAME), NAME) == "张伟"
    assert serving.ring.current == "k2"


def test_a_signature_of_a_key_added_meanwhile_holds(key_file: KeyFile) -> None:
    serving, rotating = Sealer(key_file), Sealer(KeyFile(key_file.path))
    make_current(key_file.path, add_key(key_file.path))
    rotating.refresh()
    assert serving.verify(b"contact 7", rotating.mac(b"contact 7"))


@pytest.mark.parametrize("use", ["seal", "index", "indexes", "mac"])
def test_each_use_notices_a_new_key_after_a_while(
    key_file: KeyFile, use: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealer = Sealer(key_file)
    make_current(key_file.path, add_key(key_file.path))
    uses: dict[str, Callable[[], object]] = {
        "seal": lambda: sealer.seal("x", NAME),
        "index": lambda: sealer.index("x", "phone"),
        "indexes": lambda: sealer.indexes("x", "phone"),
        "mac": lambda: sealer.mac(b"x"),
    }
    uses[use]()
    assert sealer.ring.current == "k1"
    monkeypatch.setattr("storage.sealing.monotonic", lambda: float("inf"))
    uses[use]()
    assert sealer.ring.current == "k2"
