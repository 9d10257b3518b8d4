"""Licences: how they are spelt, what of an expression must be kept together, and what it excludes.

Data sets write one licence in many ways. `spelt` gives the SPDX spelling of those that are certain: SPDX identifiers in
any case, the Hugging Face Hub's identifiers, and the usual long forms of the same ("CC BY-NC 4.0", "Apache License,
Version 2.0"). What is no SPDX expression stays as it was stated, and only what its words say is concluded from it.

``A AND B`` obliges to both; ``A OR B`` leaves a choice. Nothing is judged compatible.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache

_MOST_BRACKETS = 50
_LONGEST = 500
_WORD = re.compile(r"\(|\)|[^\s()]+")
_OPERATORS = re.compile(r"(\(|\)|\bAND\b|\bOR\b)")
_OPERATORS_ANY_CASE = re.compile(r"(\(|\)|\bAND\b|\bOR\b)", re.IGNORECASE)
_ID = re.compile(r"[A-Za-z0-9.+-]+( WITH [A-Za-z0-9.+-]+)?", re.IGNORECASE)

# The Hub's identifiers that are not SPDX's own in lower case. Those of a family of licences (`gpl`, `cc`), of custom
# terms (`openrail`, `llama3`, `gemma`) and of nothing (`other`, `unknown`) have no SPDX expression and are not here.
HUB_IDENTIFIERS = {
    "odc-by": "ODC-By-1.0",
    "odbl": "ODbL-1.0",
    "pddl": "PDDL-1.0",
    "c-uda": "C-UDA-1.0",
    "lgpl-lr": "LGPLLR",
}
# Names that are the same licence with and without words such as "License"; others need a version to be taken for one.
_WITHOUT_VERSION = frozenset({"mit", "isc", "zlib", "unlicense", "wtfpl", "postgresql", "ncsa", "odbl", "pddl"})
_LONG_NAMES = (
    (r"gnu[- ]affero general public", "agpl"),
    (r"gnu (?:lesser|library) general public", "lgpl"),
    (r"gnu general public", "gpl"),
    (r"mozilla public", "mpl"),
    (r"eclipse public", "epl"),
    (r"european union public", "eupl"),
    (r"open data commons open database", "odbl"),
    (r"open data commons attribution", "odc by"),
    (r"open data commons public domain dedication and", "pddl"),
    (r"creative commons", "cc"),
    (r"attribution", "by"),
    (r"non[-_ ]?commercial", "nc"),
    (r"no[-_ ]?deriv(?:ative)?s?(?: works?)?", "nd"),
    (r"share[-_ ]?alike", "sa"),
)
_NOISE = re.compile(
    r"\b(?:the|licen[cs]e|version|software|international|unported|generic|universal|gnu|deed)\b"
    r"|\bpublic domain dedication\b"
    r"|\bv(?:er)?\.?(?=\s?\d)|(?<=[a-z])v(?=\d)"
)
_CREATIVE_COMMONS = re.compile(
    r"(?:cc-?)?by(?P<terms>(?:-?(?:nc|sa|nd))*)-?(?P<version>\d(?:\.\d)?)(?P<place>-[a-z]{2,3})?"
)
_CC_ZERO = re.compile(r"cc-?(?:0|zero)(?:-?1(?:\.0)?)?")
_ADDRESS = re.compile(
    r"(?:https?://)?(?:www\.)?(?:creativecommons\.org/licenses/(?P<cc>[a-z-]+/\d\.\d(?:/[a-z]{2,3}(?=/|$))?)"
    r"|creativecommons\.org/publicdomain/(?P<zero>zero/1\.0)"
    r"|apache\.org/licenses/license-(?P<apache>2\.0)"
    r"|(?:spdx|opensource)\.org/licenses?/(?P<id>[a-z0-9.+-]+?)(?:\.html)?)(?:/.*|\.txt|\.html)?",
    re.IGNORECASE,
)

_NONCOMMERCIAL = re.compile(
    r"non[\W_]*commercial|\b(?:no|not for) commercial"
    r"|commercial use (?:is )?(?:prohibited|forbidden|not|excluded)"
    r"|(?:research|academic|educational)[\W_]+(?:(?:use|purposes?)[\W_]+)?only|only for (?:research|academic|education)"
    r"|(?<![a-z])(?:cc|by|cc[\W_]*by|sa|nd)[\W_]*nc(?![a-z])|\bncgl\b|^aladdin$",
    re.IGNORECASE,
)
_NO_DERIVATIVES = re.compile(r"no[\W_]*deriv|(?<![a-z])(?:cc|by|cc[\W_]*by|nc|sa|bync)[\W_]*nd(?![a-z])", re.IGNORECASE)
# Whether they allow commercial use depends on who uses it, or when.
_DEPENDS = re.compile(r"busl-|polyform-small-business-", re.IGNORECASE)


def spelt(stated: str) -> str:
    """``stated`` in SPDX's spelling where it certainly is an SPDX expression, however it is written; else as it is."""
    text = " ".join(stated.split())
    return _expression(text) or stated


def is_expression(stated: str) -> bool:
    """Whether ``stated`` is an SPDX expression, in whatever spelling; ``LicenseRef-…`` is one."""
    return _expression(" ".join(stated.split())) is not None


def excludes_commercial_use(stated: str) -> bool | None:
    """Whether commercial use is excluded, whichever choice is taken; None where that is not known.

    It is not known of what is no SPDX expression, nor of terms of one's own (``LicenseRef-…``), unless words say so.
    """
    return _excluded(stated, _NONCOMMERCIAL, _DEPENDS)


def excludes_derivatives(stated: str) -> bool | None:
    """Whether sharing what is made from it is excluded; None where that is not known."""
    return _excluded(stated, _NO_DERIVATIVES)


def obligations(expression: str) -> frozenset[str]:
    """The top-level operands of AND in ``expression``; all of it where its brackets do not close."""
    if expression.count("(") > _MOST_BRACKETS:
        return frozenset({expression})
    operands: list[list[str]] = [[]]
    depth = 0
    for word in _WORD.findall(expression):
        if word == "AND" and depth == 0:
            operands.append([])
            continue
        depth += {"(": 1, ")": -1}.get(word, 0)
        if depth < 0:
            return frozenset({expression})
        operands[-1].append(word)
    # AND binds more tightly than OR, so what an OR beside an AND leaves to choose is not cut.
    leaves_a_choice = len(operands) > 1 and any("OR" in _outside(operand) for operand in operands)
    if depth or not all(operands) or leaves_a_choice:
        return frozenset({expression.strip()})
    if len(operands) == 1 and not _is_bracketed(operands[0]):
        return frozenset({_written(operands[0])})
    inner = (operand[1:-1] if _is_bracketed(operand) else operand for operand in operands)
    return frozenset().union(*(obligations(_written(operand)) for operand in inner))


def _is_bracketed(tokens: list[str]) -> bool:
    """Whether the first bracket closes with the last token."""
    if tokens[:1] != ["("] or len(tokens) < 3:
        return False
    depth = 0
    for place, token in enumerate(tokens):
        depth += {"(": 1, ")": -1}.get(token, 0)
        if depth == 0:
            return place == len(tokens) - 1
    return False


def _outside(tokens: list[str]) -> list[str]:
    """The tokens that stand in no bracket."""
    depth, found = 0, []
    for token in tokens:
        depth += {"(": 1, ")": -1}.get(token, 0)
        if depth == 0:
            found.append(token)
    return found


def _written(tokens: list[str]) -> str:
    return " ".join(tokens).replace("( ", "(").replace(" )", ")")


@lru_cache(maxsize=4096)
def _expression(text: str) -> str | None:
    """The SPDX expression that ``text`` is, in SPDX's spelling; None if it is not one."""
    if not text or len(text) > _LONGEST or text.count("(") > _MOST_BRACKETS:
        return None
    if (name := _named(text)) is not None:
        return name
    for operators in (_OPERATORS, _OPERATORS_ANY_CASE):
        pieces = [piece.strip() for piece in operators.split(text) if piece.strip()]
        names = [piece.upper() if operators.fullmatch(piece) else _named(piece) for piece in pieces]
        words = [name for name in names if name is not None]
        if len(words) == len(names) and _Reading(words, lambda _name: True).whole() is not None:
            return _written(words)
    return None


@lru_cache(maxsize=4096)
def _excluded(stated: str, excluding: re.Pattern[str], depends: re.Pattern[str] | None = None) -> bool | None:
    text = spelt(stated)

    def of_one(name: str) -> bool | None:
        if excluding.search(name):
            return True
        is_listed = _named(name) is not None and not name.lower().startswith("licenseref-")
        return None if not is_listed or (depends is not None and depends.match(name)) else False

    if len(text) <= _LONGEST and text.count("(") <= _MOST_BRACKETS:
        pieces = [piece.strip() for piece in _OPERATORS.split(text) if piece.strip()]
        known = _Reading(pieces, of_one).whole()
        if known is not None:
            return known[0]
    return True if excluding.search(text) else None


class _Reading:
    """An expression read from its pieces: brackets, AND, OR and, between them, the licences that ``of_one`` judges.

    A judgement is True, False or None for not known: of AND the worst counts, of OR the best, as the choice is free.
    """

    def __init__(self, pieces: list[str], of_one: Callable[[str], bool | None]) -> None:
        self._pieces = pieces
        self._of_one = of_one
        self._place = 0

    def whole(self) -> tuple[bool | None] | None:
        """The judgement on it; None where the pieces are no expression."""
        try:
            judged = self._any()
        except ValueError:
            return None
        return (judged,) if self._place == len(self._pieces) else None

    def _next(self) -> str | None:
        return self._pieces[self._place] if self._place < len(self._pieces) else None

    def _operands(self, operator: str, operand: Callable[[], bool | None]) -> Iterator[bool | None]:
        yield operand()
        while self._next() == operator:
            self._place += 1
            yield operand()

    def _any(self) -> bool | None:
        judged = list(self._operands("OR", self._all))
        return False if False in judged else None if None in judged else True

    def _all(self) -> bool | None:
        judged = list(self._operands("AND", self._one))
        return True if True in judged else None if None in judged else False

    def _one(self) -> bool | None:
        piece = self._next()
        self._place += 1
        if piece == "(":
            judged = self._any()
            if self._next() != ")":
                raise ValueError("a bracket does not close")
            self._place += 1
            return judged
        if piece is None or piece in (")", "AND", "OR"):
            raise ValueError("no licence where one should be")
        return self._of_one(piece)


@lru_cache(maxsize=4096)
def _named(text: str) -> str | None:
    """The SPDX identifier (with its exception) of the one licence that ``text`` names; None where that is not sure."""
    return next((name for each in _spellings(text) if (name := _listed(each)) is not None), None)


def _listed(name: str) -> str | None:
    """``name`` as SPDX spells it, where it lists it or it begins with ``LicenseRef-``."""
    from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

    if name.lower() in HUB_IDENTIFIERS:
        return HUB_IDENTIFIERS[name.lower()]
    if _ID.fullmatch(name) is None:
        return None
    try:
        return str(canonicalize_license_expression(name))
    except InvalidLicenseExpression:
        return None


def _spellings(text: str) -> Iterator[str]:
    """What ``text`` may stand for in SPDX's list; nothing that could be another licence."""
    yield text
    if address := _ADDRESS.fullmatch(text):
        yield _of_address(address)
        return
    plain = text.lower().replace("_", " ")
    for long, short in _LONG_NAMES:
        plain = re.sub(rf"\b{long}\b", short, plain)
    joined = "-".join(re.split(r"[\s,-]+", _NOISE.sub(" ", plain).strip(" ,-")))
    if match := _CREATIVE_COMMONS.fullmatch(joined):
        terms = [term for term in ("nc", "nd", "sa") if term in re.split("-|(?<=nc)|(?<=sa)|(?<=nd)", match["terms"])]
        version = match["version"] if "." in match["version"] else f"{match['version']}.0"
        yield "-".join(["cc", "by", *terms, version]) + (match["place"] or "")
    elif _CC_ZERO.fullmatch(joined):
        yield "CC0-1.0"
    elif joined in _WITHOUT_VERSION or re.search(r"\d", joined):
        yield joined
        # "Apache 2", "GPLv3": every such licence has its whole versions as N.0.
        yield re.sub(r"(?<=[a-z])-?(\d)$", r"-\1.0", joined)
        yield re.sub(r"(?<=[a-z])(\d\.\d)$", r"-\1", joined)


def _of_address(address: re.Match[str]) -> str:
    if address["cc"]:
        return "cc-" + address["cc"].replace("/", "-")
    if address["zero"]:
        return "CC0-1.0"
    return f"Apache-{address['apache']}" if address["apache"] else address["id"]
