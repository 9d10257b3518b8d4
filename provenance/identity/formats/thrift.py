"""Thrift's compact protocol, as far as Parquet's footer and page headers need it: structs as dicts by field number."""

from __future__ import annotations

from typing import Any

_TRUE, _FALSE, _BYTE, _I16, _I32, _I64, _DOUBLE, _BINARY, _LIST, _SET, _STRUCT = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12
_LONG = 15  # in the head of a list: its length follows
_DOUBLE_BYTES = 8

# What content that makes no sense leads to.
DAMAGE = (AttributeError, IndexError, KeyError, TypeError, ValueError, OverflowError, RecursionError)


class CompactReader:
    """Reads ``content`` from ``at`` on. Raises one of `DAMAGE` where it makes no sense, IndexError where it ends."""

    def __init__(self, content: bytes, at: int = 0) -> None:
        self._content = content
        self.at = at

    def struct(self) -> dict[int, Any]:
        """The struct that begins here: integers, lists and structs; of texts and other numbers, None."""
        found: dict[int, Any] = {}
        number = 0
        while head := self._byte():
            step = head >> 4
            number = number + step if step else self._integer()
            found[number] = self._value(head & 0x0F)
        return found

    def _value(self, kind: int) -> Any:
        if kind in (_I32, _I64, _I16):
            return self._integer()
        if kind == _STRUCT:
            return self.struct()
        if kind in (_LIST, _SET):
            return self._list()
        if kind == _BINARY:
            self._pass_over(self._varint())
        elif kind == _BYTE:
            self._pass_over(1)
        elif kind == _DOUBLE:
            self._pass_over(_DOUBLE_BYTES)
        elif kind not in (_TRUE, _FALSE):
            raise ValueError(f"{kind}: no type of Thrift's")
        return None

    def _list(self) -> list[Any]:
        head = self._byte()
        count, kind = head >> 4, head & 0x0F
        count = self._varint() if count == _LONG else count
        # Each boolean, otherwise a part of a field's head, is a byte here.
        return [self._value(_BYTE if kind in (_TRUE, _FALSE) else kind) for _ in range(count)]

    def _pass_over(self, count: int) -> None:
        self.at += count
        if self.at > len(self._content):
            raise IndexError

    def _byte(self) -> int:
        byte = self._content[self.at]
        self.at += 1
        return byte

    def _varint(self) -> int:
        value = shift = 0
        while True:
            byte = self._byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    def _integer(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)
