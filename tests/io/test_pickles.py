"""Pickles of tensors and dictionaries, without Python's unpickler."""

import io
import pickle
import struct
from collections import OrderedDict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiqa.io.pickles import Global, Refused, load


def _read(content):
    def call(name, arguments):
        if name == Global("collections", "OrderedDict"):
            return dict(*arguments)
        raise Refused(f"{name.module}.{name.name}")

    return load(io.BytesIO(content), call, lambda saved: saved)


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**62), 2**62) | st.floats(allow_nan=False)
    | st.text(max_size=20) | st.binary(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.tuples(inner, inner)
    | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(PLAIN, st.sampled_from([2, 3, 4, 5]))
def test_plain_values_are_those_of_python(value, protocol):
    """In every protocol that programs of today write, as far as `torch.save` would."""
    if protocol == 2 and _holds_bytes(value):
        return  # protocol 2 calls a function for them
    content = pickle.dumps(value, protocol)
    assert _read(content) == value


def _holds_bytes(value):
    if isinstance(value, dict):
        value = list(value.values())
    return isinstance(value, bytes) or (
        isinstance(value, list | tuple) and any(map(_holds_bytes, value))
    )


def test_a_state_dict_with_attributes():
    """As a module gives it: pairs set one by one, and `_metadata` beside them."""
    state = OrderedDict(a=1, b=[1.5, 2])
    state._metadata = OrderedDict(version=1)
    assert _read(pickle.dumps(state, 2)) == {"a": 1, "b": [1.5, 2]}


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=60) | st.binary(max_size=60).map(lambda tail: b"\x80\x02" + tail))
def test_any_bytes_are_read_or_refused(content):
    """Nothing but what `read_state_dict` makes a ValueError of."""
    try:
        _read(content)
    except (ValueError, UnicodeError, OverflowError, struct.error):
        pass


def _doubled(then):
    """A tuple of twice a tuple of twice a tuple ...: comparing or printing it never ends."""
    return b"\x80\x02})q\x00" + b"0h\x00h\x00\x86q\x00" * 60 + then + b"."


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"cos\nsystem\n(X\x04\x00\x00\x00echotR.", "os.system"),
        (b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x04echo\x85R.", "os.system"),
        (_doubled(b"K\x01s"), "a key that is a tuple"),
        (_doubled(b"Q"), "a reference that is none"),
        (_doubled(b")R"), "a call of what is no name"),
        (_doubled(b"h\x00\x93"), "a name that is no text"),
        (b"\x80\x02" + b"(" * 2000 + b".", "deep"),
        (b"\x80\x02\x8b" + struct.pack("<i", 2000) + b"\x7f" * 2000 + b".", "LONG4"),
        (b"\x80\x02\x8a\xff" + b"\x7f" * 255 + b".", "128 bits"),
        (b"\x80\x02X" + struct.pack("<I", 20_000) + b"a" * 20_000 + b".", "20000 characters"),
        (b"\x80\x04\x8f.", "EMPTY_SET"),
        (b"\x80\x02]q\x00h\x00b.", "a state of what is no dictionary"),
        (b"\x80\x02]K\x01K\x02s.", "a dictionary that is none"),
        (b"\x80\x02}K\x01a.", "a list that is none"),
        (b"\x80\x02K\x012.", "the operation DUP"),
        (b"\x80\x02\x82\x01.", "EXT1"),
        (b"cx\n" + b"y" * 60_000 + b"\n)R.", "yyy"),
    ],
)
def test_what_no_tensor_needs_is_refused_at_once(content, said):
    """By a short message; what never ends would hang here."""
    with pytest.raises(Refused, match=said) as caught:
        _read(content)
    assert len(str(caught.value)) < 500


def test_a_large_number_in_the_memo_costs_nothing():
    """Python's unpickler makes a table of two billion places."""
    content = (
        b"\x80\x02Nr" + struct.pack("<I", 2**31 - 1) + b"j" + struct.pack("<I", 2**31 - 1) + b"."
    )
    assert _read(content) is None


@pytest.mark.parametrize("content", [b"", b"\x80\x02", b"0.", b"u.", b"h\x05.", b"(.", b"."])
def test_damaged_pickles_are_value_errors(content):
    """A stack or a memo without the value, or no end."""
    with pytest.raises(ValueError):
        _read(content)


def test_the_number_of_operations_is_limited(monkeypatch):
    """A file of gigabytes cannot keep the reader busy."""
    monkeypatch.setattr("kiqa.io.pickles._MOST_OPERATIONS", 100)
    with pytest.raises(Refused, match="more than 100 operations"):
        _read(b"\x80\x02" + b"N\x85" * 200)
