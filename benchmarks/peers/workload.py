"""Workload W100k: 100,000 texts of about 500 bytes in five levels; runs in the peers' venvs: standard library only.

Level 0 is real. A sample of a later level is made from the sample at its own place in the level before; every second
one has a further parent there, one in ten of these the first sample of all. 80,000 derived samples, 120,000 parents.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

_Name = TypeVar("_Name", str, int)

LEVELS = 5
WIDTH = 20_000
TEMPLATE = (
    "Rewrite the following passage so that a reader of grade {grade} understands it. Keep names, numbers and dates. "
    "Topic tag: t{topic}. Answer with the passage only, no preamble and no closing remark."
)
MODELS = ("real", "llama-3.1-8b-instruct", "qwen2.5-7b", "mistral-small", "phi-4")
_TEXT_LENGTH = 495
_WORDS = [
    "the",
    "model",
    "writes",
    "a",
    "short",
    "answer",
    "about",
    "data",
    "lineage",
    "and",
    "explains",
    "how",
    "each",
    "sample",
    "was",
    "made",
    "from",
    "its",
    "parents",
    "so",
    "that",
    "an",
    "auditor",
    "can",
    "follow",
    "it",
]


@dataclass(frozen=True, slots=True)
class Sample:
    """``parents``: places (from 0) in the level before; ``parent_ids``: the `id` of each, which is the text's SHA-256.

    Level 0 has no parents, and its prompt is not used.
    """

    id: str
    text: str
    level: int
    parents: tuple[int, ...]
    parent_ids: tuple[str, ...]
    prompt_variables: dict[str, int]
    prompt: str
    cost: float

    @property
    def model(self) -> str:
        return MODELS[self.level]


Level = list[Sample]


def make_levels(width: int) -> list[Level]:
    """The workload with ``width`` samples in each level, the same in every run."""
    levels: list[Level] = []
    for number in range(LEVELS):
        before = levels[-1] if levels else []
        levels.append([_sample(number, place, width, before) for place in range(width)])
    return levels


def _sample(level: int, place: int, width: int, before: Level) -> Sample:
    text = _text(level, place)
    parents = _parents(level, place, width) if level else ()
    variables = {"grade": place % 12, "topic": place % 50}
    return Sample(
        id=hashlib.sha256(text.encode()).hexdigest(),
        text=text,
        level=level,
        parents=parents,
        parent_ids=tuple(before[parent].id for parent in parents),
        prompt_variables=variables,
        prompt=TEMPLATE.format(**variables),
        cost=round(1e-4 + (place % 97) * 1e-6, 8),
    )


def _parents(level: int, place: int, width: int) -> tuple[int, ...]:
    if place % 2 == 0:
        return (place,)
    further = 0 if place % 20 == 1 else (place * 7919 + level) % width
    return (place,) if further == place else (place, further)


def _text(level: int, place: int) -> str:
    seed = hashlib.sha256(f"{level}/{place}".encode()).digest()
    words, length = [f"Level {level}, sample {place}:"], 0
    while length < _TEXT_LENGTH - 20:
        count = len(words)
        words.append(_WORDS[(seed[count % 32] + 7 * count + place) % len(_WORDS)])
        length += len(words[-1]) + 1
    return " ".join(words)


def closure(start: _Name, next_to: Callable[[set[_Name]], set[_Name]]) -> int:
    """How many samples a walk from ``start`` reaches; ``next_to``: what is one step from any of some."""
    seen: set[_Name] = set()
    frontier = {start}
    while frontier:
        frontier = next_to(frontier) - seen
        seen |= frontier
    return len(seen - {start})
