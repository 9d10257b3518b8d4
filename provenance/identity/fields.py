"""Content fields: which members of a row are the sample, and which only describe it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from provenance.errors import ProvenanceError

RESERVED_COLUMNS = frozenset({"_parents", "_parent_roles", "_lineage"})

# The columns that training code reads as content, by the names that trainers and dataset hubs give them.
# Changing this set changes sample ids: it belongs to the canonical form's version.
WELL_KNOWN_FIELDS = frozenset(
    {
        "text",
        "messages",
        "conversation",
        "conversations",
        "prompt",
        "completion",
        "response",
        "chosen",
        "rejected",
        "instruction",
        "input",
        "output",
        "question",
        "answer",
        "answers",
        "choices",
        "context",
        "content",
        "system",
        "tools",
        "query",
        "positive",
        "negative",
        "image",
        "images",
        "audio",
        "video",
    }
)

Rule = Literal["well-known", "all", "declared"]


@dataclass(frozen=True)
class Selection:
    """The rule that a dataset's content fields follow; ``declared`` is set for the rule of that name alone."""

    rule: Rule
    declared: frozenset[str] = frozenset()

    def includes(self, name: str) -> bool:
        """Whether the top-level member ``name`` of a row is content."""
        if self.rule == "declared":
            return name in self.declared
        if self.rule == "well-known":
            return name in WELL_KNOWN_FIELDS
        return name not in RESERVED_COLUMNS


def select(declared: Sequence[str] | None, present: Iterable[str]) -> Selection:
    """Choose the rule: what is ``declared``, else by the names that are ``present`` (hold a value that is not null).

    Raises:
        ProvenanceError: a reserved column is declared.
    """
    if declared is not None:
        if reserved := sorted(RESERVED_COLUMNS.intersection(declared)):
            raise ProvenanceError(f"{reserved[0]} is a reserved column and cannot be a content field")
        return Selection("declared", frozenset(declared))
    return Selection("all" if WELL_KNOWN_FIELDS.isdisjoint(present) else "well-known")


def projection(
    declared: Sequence[str] | None, tokens_field: str | None, names: Collection[str], others: Iterable[str] = ()
) -> list[str]:
    """The columns worth reading, ``others`` among them, of a dataset with columns called ``names``, in their order."""
    wanted = {*RESERVED_COLUMNS, *others}
    if declared is not None:
        wanted.update(declared)
    elif WELL_KNOWN_FIELDS.isdisjoint(names):
        wanted.update(names)
    else:
        wanted.update(WELL_KNOWN_FIELDS)
    if tokens_field is not None:
        wanted.add(tokens_field)
    return [name for name in names if name in wanted]
