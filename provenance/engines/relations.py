"""What an engine offers to questions that follow parents: relations by name, and SQL that all engines read alike.

Such a question is a loop of statements over relations that are kept from step to step, so it is not tied to what one
machine's memory holds. The statements keep to what DuckDB and Spark understand in the same way:

- integers are BIGINT, which `Relations.records` sees to: engines read unsigned types differently;
- no lists or functions of lists, but for `Relations.exploded`; no macros; no parameters, but tables that were `given`;
- semi-joins and anti-joins as (NOT) EXISTS; NULLS FIRST or LAST written out; the order total before LIMIT;
- no division, and no floating-point numbers.

A test parses every statement in both dialects, and holds these rules.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import pyarrow as pa

    from provenance.lineage.sidecar import Sidecar

_INTEGERS = ("rows", "possible_rows", "ambiguous_rows", "content_bytes", "activity", "agent", "source", "depth")


class Relations(Protocol):
    """Relations by name; a name that is given anew stands for the new relation."""

    def records(self, name: str, sidecars: Sequence[Sidecar], columns: Sequence[str]) -> None:
        """``columns`` of the records, with ``sidecar``, the place in the list, and ``place``, a number of the record
        that no other one of the sample has in this sidecar."""
        ...

    def given(self, name: str, table: pa.Table) -> None:
        """A relation from memory."""
        ...

    def named(self, name: str, sql: str) -> None:
        """What ``sql`` gives, worked out wherever the name is used; it may name what is replaced later."""
        ...

    def keep(self, name: str, sql: str) -> int:
        """What ``sql`` gives, worked out now, once; how many rows. It outlasts the loss of a worker."""
        ...

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """A small answer: integers, text and bytes."""
        ...

    def ids(self, sql: str) -> Iterator[bytes]:
        """The single column that ``sql`` gives, in its order, without holding all of it."""
        ...

    def exploded(self, relation: str, columns: Mapping[str, str]) -> str:
        """SQL for ``relation`` with a row for each element of these lists of one length, under the names given."""
        ...


def as_bigint(columns: Sequence[str]) -> list[str]:
    """``columns`` of a sidecar as a relation has them, in SQL: integers without surprises."""
    return [f"CAST({name} AS BIGINT) AS {name}" if name in _INTEGERS else name for name in columns]
