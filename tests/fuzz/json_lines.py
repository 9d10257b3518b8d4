"""JSON Lines at random: well-formed, odd, hostile and damaged."""

from __future__ import annotations

import json
import random

_NAMES = ["text", "messages", "answer", "score", "id", "meta", "tags", "tokens", "größe", "", "a", "input", "source"]
_RESERVED = ["_parents", "_model", "_lineage"]
_TEXTS = ["", "a", "user", "some words of a text", "café", "日本語", "😀" * 3, "x" * 40, "é" * 30]
_TEXTS += ['quo"te', "back\\slash", "new\nline", "\x7f", "\u2028", "x" * 300, "\ud7ff\ue000", "nul\0"]
_LONG = "y" * 66_000
_NUMBERS = """0 -0 1 23 24 255 256 65535 65536 4294967296 -1 -24 -25 -257 18446744073709551615 9999999999999999999
    10000000000000000000 -9999999999999999999 1111111111111111111111111111111111111111 1.0 -0.0 0.5 1e5 1E+2 1e-7
    65504.0 65520.5 5.960464477539063e-08 1e400 -1e400 0.1 3.14159 1.7976931348623157e308 5e-324 0e9
    2.2250738585072011e-308 9007199254740993.0 1e22 1e23 123456789012345678e-5 0.30000000000000004
    3.4028235677973366e38 1.401298464324817e-45""".split()
_WRONG = r"""01 +1 1. .5 1e - -01 0x1 NaN Infinity -Infinity nul tru True 'a' { [ ] [1,] {"a":1,} {1:2} "open "\x41"
    "\ud800" "\ud800\u0041" "\udc00" "\u12" {"a":null,"a":null} {"a":1,"a":2}""".split()
_WRONG += ["", '"a\tb"', '{"a":1 "b":2}', '{"a" 1}', "[1 2]", "1" * 4301, "[" * 2000]
_BYTES = [b'"', b"\\", b"\n", b"\xff", b"\xc3", b"\xed\xa0\x80", b"{", b",", b"\0", b"\xef\xbb\xbf"]
_LINES = ["", " ", "\r", "\t \r", "\x0b", "\x0c ", "null", "[]", "1"]
_SPACES = ["", "", "", " ", "\t", "\r", "  "]


def lines(chance: random.Random) -> bytes:
    """A block of lines."""
    writer = _Writer(chance)
    names = chance.sample(_NAMES, chance.randint(1, 5))
    rows = [writer.row(names) for _ in range(chance.choice([1, 1, 1, 2, 2, 3, 3, 5, 8, 40]))]
    if chance.random() < 0.2:
        rows.insert(chance.randint(0, len(rows)), chance.choice(_LINES))
    data = "\n".join(rows).encode("utf-8", "surrogatepass")
    return damaged(data, chance) if chance.random() < 0.4 else data


def damaged(data: bytes, chance: random.Random) -> bytes:
    """``data`` after a few accidents."""
    found = bytearray(data)
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(found) + 1)
        kind = chance.randrange(5)
        if kind == 0 and at < len(found):
            found[at] ^= 1 << chance.randrange(8)
        elif kind == 1:
            del found[at : at + chance.randint(1, 9)]
        elif kind == 2:
            found[at:at] = chance.choice(_BYTES)
        elif kind == 3:
            found[at:at] = found[at : at + chance.randint(1, 40)]
        elif len(found) > 1:
            del found[max(at, 1) :]
    return bytes(found)


class _Writer:
    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        # How odd this block is: mostly not at all.
        self._odd = chance.choice([0.0, 0.0, 0.0, 0.002, 0.05])
        self._spaced = chance.random() < 0.2

    def row(self, names: list[str]) -> str:
        chance = self._chance
        members = [name for name in names if chance.random() < 0.9]
        if chance.random() < 0.1:
            chance.shuffle(members)
        if chance.random() < self._odd:
            members.append(chance.choice([*_RESERVED, "k" * 300, *(members or ["a"])]))
        if chance.random() < self._odd:
            members += [f"k{number}" for number in range(chance.choice([30, 70]))]
        space = self._space()
        return f"{space}{self._object([(name, self._value(0)) for name in members])}{self._space()}"

    def _object(self, members: list[tuple[str, str]]) -> str:
        joined = ",".join(f"{self._space()}{self._text(name)}{self._space()}:{value}" for name, value in members)
        return f"{{{joined}{self._space()}}}"

    def _space(self) -> str:
        return self._chance.choice(_SPACES) if self._spaced else ""

    def _value(self, depth: int) -> str:
        return f"{self._space()}{self._bare_value(depth)}{self._space()}"

    def _bare_value(self, depth: int) -> str:
        chance = self._chance
        if chance.random() < self._odd:
            return chance.choice([*_WRONG, "[" * 70 + "]" * 70, '{"a":' * 70 + "1" + "}" * 70])
        kind = chance.randrange(9 if depth < 4 else 6) if chance.random() < 0.7 else 2
        if kind == 0:
            return chance.choice(["true", "false", "null"])
        if kind == 1:
            return chance.choice(_NUMBERS) if chance.random() < 0.5 else self._number()
        if kind < 6:
            return self._text(chance.choice(_TEXTS) if chance.random() < 0.999 else _LONG)
        if kind == 6:
            return f"[{','.join(self._value(depth + 1) for _ in range(self._breadth(depth)))}]"
        names = chance.sample([*_NAMES, "role", "content", "bb", "ab"], chance.randint(0, 4))
        if chance.random() < 0.003:
            names = [f"{number:x}" for number in range(chance.choice([23, 24, 260, 600]))]
        return self._object([(name, self._value(depth + 1)) for name in names])

    def _breadth(self, depth: int) -> int:
        return self._chance.choice([0, 1, 2, 3, 25] if depth < 2 and self._chance.random() < 0.1 else [0, 1, 2, 3])

    def _number(self) -> str:
        chance = self._chance
        digits = "".join(chance.choices("0123456789", k=chance.randint(1, 21))).lstrip("0") or "0"
        sign, fraction, exponent = chance.choice(["", "-"]), "", ""
        if chance.random() < 0.5:
            fraction = f".{chance.randrange(10 ** chance.randint(1, 18))}"
        if chance.random() < 0.3:
            exponent = f"{chance.choice('eE')}{chance.choice(['', '+', '-'])}{chance.randrange(330)}"
        return f"{sign}{digits}{fraction}{exponent}"

    def _text(self, text: str) -> str:
        chance = self._chance
        if chance.random() < 0.8:
            return json.dumps(text, ensure_ascii=chance.random() < 0.3)
        letters = text[:400]
        spelled = (json.dumps(one, ensure_ascii=chance.random() < 0.5) for one in letters)
        return f'"{"".join(one[1:-1] for one in spelled)}"'.replace("/", "\\/")
