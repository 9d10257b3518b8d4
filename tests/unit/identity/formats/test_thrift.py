from __future__ import annotations

import pytest

from provenance.identity.formats.thrift import DAMAGE, CompactReader


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"\x00", {}),
        # Fields 1 and 3, i32: zigzag, of one byte and of two.
        (b"\x15\x04\x25\xff\x01\x00", {1: 2, 3: -128}),
        # Field 20, whose step is too large for the head: i64.
        (b"\x06\x28\x02\x00", {20: 1}),
        # A text, a double, a byte and two booleans are passed over.
        (
            b"\x18\x02ab\x17" + bytes(8) + b"\x13\x07\x11\x12\x15\x02\x00",
            {1: None, 2: None, 3: None, 4: None, 5: None, 6: 1},
        ),
        # A list of two i32, one of booleans, and a struct in a struct.
        (b"\x19\x25\x02\x04\x19\x22\x01\x02\x1c\x15\x02\x00\x00", {1: [1, 2], 2: [None, None], 3: {1: 1}}),
        # A list of sixteen, whose length does not fit in its head.
        (b"\x19\xf5\x10" + b"\x02" * 16 + b"\x00", {1: [1] * 16}),
    ],
)
def test_structs(content: bytes, expected: dict[int, object]) -> None:
    reader = CompactReader(content + b"more")
    assert reader.struct() == expected
    assert reader.at == len(content)


@pytest.mark.parametrize("content", [b"", b"\x15", b"\x15\x80", b"\x18\x05ab", b"\x1d\x00", b"\x1c" * 100_000])
def test_nonsense(content: bytes) -> None:
    with pytest.raises(DAMAGE):
        CompactReader(content).struct()
