"""Licence expressions taken apart into what must be kept together: the operands of AND.

``A AND B`` obliges to both; ``A OR B`` leaves a choice, which is not ours to make, and stays whole. What is no SPDX
expression (a hub's own identifier, words) stays whole, too: nothing is looked up, and nothing is judged compatible.
"""

from __future__ import annotations

import re

_MOST_BRACKETS = 50
_WORD = re.compile(r"\(|\)|[^\s()]+")


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
