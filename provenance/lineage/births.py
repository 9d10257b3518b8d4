"""What is handed to completion: births of the dataset's own rows, and the datasets these came from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from provenance.identity import Identity
from provenance.lineage.records import Activity, Evidence, Origin, Source
from provenance.lineage.vocabulary import Vocabulary

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class RecordedBirths:
    """Births of single rows, in the order of these: a Parquet file of `schema.birth_schema`.

    ``activity`` counts in ``activities``.

    ``vocabulary`` describes the activities, and the agents, plans and sources that they name.

    ``held``: the births in memory, where they are few; then there is no file until `written` gives it. Texts may be
    coded there.
    """

    file: Path
    activities: Sequence[Activity]
    vocabulary: Vocabulary
    held: pa.Table | None = None

    def written(self) -> Path:
        """The file, which is there then."""
        import pyarrow.parquet as pq

        from provenance.lineage.schema import birth_schema

        if self.held is not None and not self.file.exists():
            pq.write_table(self.held.cast(birth_schema()), self.file, compression="lz4")
        return self.file


@dataclass(frozen=True)
class Collection:
    """The birth that all rows of collected data share: they were found, not made from others.

    ``license`` is an SPDX expression; ``source`` is what ``activity`` names.
    """

    origin: Origin
    activity: Activity
    source: Source
    evidence: Evidence
    license: str | None = None


@dataclass(frozen=True)
class ParentKey:
    """A row's parent is the row whose column ``key`` is what its own column ``column`` is.

    ``of``: in which dataset, by its path from the DVC root; None: in any that the stage depends on and has the column.
    """

    column: str
    key: str
    of: str | None = None


@dataclass(frozen=True)
class Dependency:
    """A dataset that rows may have come from: its path from the DVC root, and the files at hand.

    ``name`` is its path as the user's script writes it. ``data`` is read only for `PATH:ROW` references and for
    alignment; ``sidecar`` is None where nothing is known. ``is_earlier``: it is the dataset itself, as an earlier
    sidecar has it, and births are stated anew of some rows.
    """

    path: str
    name: str
    data: Path | None
    sidecar: Path | None
    identity: Identity = field(default_factory=Identity)
    is_earlier: bool = False
