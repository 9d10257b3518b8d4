"""Small random lineages, and what they come to when each sample is looked at by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import strategies as st
from support.sidecars import Words, record, sample

from provenance.lineage.records import Agent, Source

ORIGINS = ("real", "synthetic", "mixed", "unknown")
KINDS = (None, "rewrite", "answer")
# What the numbers of agents and sources stand for; one of each says under which licence it is.
WORDS = Words(
    agents=(Agent(name="writer", revision="1", license="Apache-2.0"), Agent(name="undisclosed")),
    sources=(Source(name="library", license="PSF-2.0"), Source(name="forum")),
)

Stated = Sequence[Mapping[str, Any]]


@st.composite
def lineages(draw: st.DrawFn, most: int = 10) -> list[dict[str, Any]]:
    """Samples 0, 1, …, each ``{rows, origin, kind, agent, source, license, parents}``, parents by their numbers."""
    stated = []
    for number in range(draw(st.integers(1, most))):
        origin = draw(st.sampled_from(ORIGINS))
        made = origin in ("synthetic", "mixed")
        stated.append(
            {
                "rows": draw(st.integers(0, 3)),
                "origin": origin,
                "kind": draw(st.sampled_from(KINDS)) if made else None,
                "agent": draw(st.none() | st.integers(0, 1)) if made else None,
                "source": None if made else draw(st.none() | st.integers(0, 1)),
                "license": draw(st.none() | st.sampled_from(["MIT", "CC-BY-4.0"])),
                "parents": draw(st.lists(st.integers(0, number - 1), max_size=3, unique=True)) if number else [],
            }
        )
    return stated


def records_of(stated: Stated) -> list[dict[str, Any]]:
    """The records of a sidecar with just these samples."""
    return [
        record(sample(number), **{**each, "parents": [sample(parent) for parent in each["parents"]]})
        for number, each in enumerate(stated)
    ]


def ancestors(stated: Stated, number: int) -> set[int]:
    """All ancestors of a sample, by following each of its parents."""
    found: set[int] = set()
    for parent in stated[number]["parents"]:
        found |= {parent} | ancestors(stated, parent)
    return found


def rows_where(stated: Stated, fits: Any) -> int:
    """The rows of the samples, given as (number, what is stated), that fit."""
    return sum(each["rows"] for number, each in enumerate(stated) if fits(number, each))
