"""The ledger: what the sidecars of one revision say, together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import duckdb
from pydantic import ValidationError

from provenance.errors import SidecarError, UnknownReferenceError
from provenance.ledger.datasets import Found, RecordedDataset, collect, unfetched
from provenance.ledger.tables import BEST_BIRTH_FIRST, create_samples_view, merged_vocabulary
from provenance.lineage.database import scratch_database
from provenance.lineage.records import Record
from provenance.lineage.schema import BIRTH_NAMES
from provenance.lineage.sidecar import sidecar_path

if TYPE_CHECKING:
    from provenance.repository import Repository

# What tells births of one sample apart. The others follow from ancestors, of which one sidecar may know more.
_BORN_BY = tuple(name for name in BIRTH_NAMES if name not in ("origin", "kind", "license"))


@dataclass(frozen=True)
class Occurrence:
    """How many rows of a dataset bear a sample."""

    dataset: str
    rows: int


class SampleSet:
    """A set of samples that may be larger than memory: a table of the ledger. Iterating gives ids in order, as hex."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, table: str) -> None:
        self.table = table
        self._connection = connection

    def __len__(self) -> int:
        return int(self._connection.execute(f"SELECT count(*) FROM {self.table}").fetchall()[0][0])

    def __iter__(self) -> Iterator[str]:
        # A cursor of its own: a half-read result would block every other question to the ledger.
        with self._connection.cursor() as cursor:
            cursor.execute(f"SELECT lower(hex(sample_id)) FROM {self.table} ORDER BY sample_id")
            while rows := cursor.fetchmany(10_000):
                yield from (row[0] for row in rows)


class Ledger:
    """All sidecars of a revision as one. Made by `Ledger.open`; ids are lower-case hex digits.

    ``recorded`` are the datasets that have a sidecar, in the order of their places, ``unrecorded`` the paths of those
    that have none, ``unfetched`` of those whose sidecar is tracked but not to be had here. ``unusable`` says by path
    what is wrong with a sidecar that cannot be read, or is that of another dataset. ``activities``, ``agents`` and
    ``sources`` are in the order of their numbers. ``folder`` is for temporary files.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        found: Found,
        repository: Repository,
        rev: str | None,
        folder: Path,
    ) -> None:
        self.connection = connection
        self.folder = folder
        self.recorded = tuple(found.recorded)
        self.unrecorded = tuple(found.unrecorded)
        self.unfetched = tuple(found.unfetched)
        self.unusable = dict(found.unusable)
        self.repository = repository
        self.rev = rev
        sidecars = [dataset.sidecar for dataset in found.recorded]
        self.vocabulary = merged_vocabulary(sidecars)
        self.activities = tuple(self.vocabulary.activities.values())
        self.agents = tuple(self.vocabulary.agents.values())
        self.sources = tuple(self.vocabulary.sources.values())
        self._table_numbers = count(1)
        create_samples_view(connection, sidecars, self.vocabulary)

    @classmethod
    @contextmanager
    def open(cls, repository: Repository, rev: str | None = None, *, partial: bool = False) -> Iterator[Ledger]:
        """Open the ledger of revision ``rev``, or of the workspace.

        ``partial``: go on without the sidecars that cannot be used, for questions about single datasets.

        Raises:
            RepositoryError: no such revision.
            SidecarError: a sidecar is damaged, newer or of another dataset; also while questions are asked.
        """
        found = collect(repository, rev)
        if found.unusable and not partial:
            raise SidecarError(next(iter(found.unusable.values())))
        with (
            TemporaryDirectory(prefix="ledger-", dir=repository.temporary) as folder,
            scratch_database(Path(folder)) as connection,
        ):
            try:
                yield cls(connection, found, repository, rev, Path(folder))
            except duckdb.InterruptException:
                raise KeyboardInterrupt from None
            except (duckdb.Error, ValidationError) as error:
                first_line = str(error).split("\n")[0]
                raise SidecarError(
                    f"{repository.root}: a sidecar cannot be read ({first_line}); `provenance verify` tells which"
                ) from error

    def recorded_md5_of_sidecar(self, dataset: RecordedDataset) -> str | None:
        """What DVC has recorded as the hash of the workspace's sidecar; None at a revision, or where it has not."""
        if self.rev is not None:
            return None
        return self._recorded_hashes.get(sidecar_path(dataset.path))

    @cached_property
    def _recorded_hashes(self) -> dict[str, str]:
        return self.repository.recorded_hashes()

    def dataset(self, path: str | Path) -> RecordedDataset:
        """The dataset at ``path`` (relative to the current folder).

        Raises:
            UnknownReferenceError: DVC tracks no dataset there.
            SidecarError: it has no sidecar here.
        """
        relative = self.repository.relative(path)
        for dataset in self.recorded:
            if dataset.path == relative:
                return dataset
        if relative in self.unusable:
            raise SidecarError(self.unusable[relative])
        if relative in self.unfetched:
            raise SidecarError(unfetched(relative))
        if relative in self.unrecorded:
            raise SidecarError(
                f"{relative}: no sidecar here; record lineage with `provenance add` (collected data), "
                "`provenance stage add` (a stage's output) or `provenance declare` (afterwards)"
            )
        known = sorted([*(dataset.path for dataset in self.recorded), *self.unrecorded])
        has_sidecar = (self.repository.root / sidecar_path(relative)).is_file()
        hint = f"; track it and its sidecar: `dvc add {relative} {sidecar_path(relative)}`" if has_sidecar else ""
        raise UnknownReferenceError(
            f"{relative}: not a dataset that DVC tracks{hint}; datasets are: {name_some(known)}"
        )

    def new_set(self, query: str, parameters: Sequence[Any] = ()) -> SampleSet:
        """The samples that ``query`` gives in its column ``sample_id`` (which must not repeat)."""
        table = f"set_{next(self._table_numbers)}"
        self.connection.execute(f"CREATE TABLE {table} AS {query}", list(parameters))
        return SampleSet(self.connection, table)

    def records(self, sample_id: str) -> list[Record]:
        """Every distinct birth of the sample, the most credible first; ``rows`` counts over all datasets.

        A record that explains nothing is given only where there is no other.

        Raises:
            UnknownReferenceError: no sidecar knows the sample.
        """
        query = f"SELECT * FROM samples WHERE sample_id = ? ORDER BY {BEST_BIRTH_FIRST}"
        found = self.connection.sql(query, params=[bytes.fromhex(sample_id)]).to_arrow_table().to_pylist()
        if not found:
            raise UnknownReferenceError(f"{sample_id}: no sidecar of this revision knows this sample")
        births: dict[str, list[dict[str, Any]]] = {}
        for row in found:
            births.setdefault(repr([row[name] for name in _BORN_BY]), []).append(row)
        explained = [same for same in births.values() if not same[0]["unexplained"]]
        return [self._record(same) for same in explained or births.values()]

    def _record(self, same: list[dict[str, Any]]) -> Record:
        """One record of what several sidecars say of one birth; what one leaves open another may know."""
        row: dict[str, Any] = {name: next((r[name] for r in same if r[name] is not None), None) for name in same[0]}
        activity = None if row["activity"] is None else self.activities[row["activity"]]
        prompt: bytes | None = row["prompt"]
        values = {name: row[name] for name in Record.model_fields if name in row}
        return Record.model_validate(
            values
            | {
                "sample_id": row["sample_id"].hex(),
                "rows": sum(r["rows"] for r in same),
                "activity": activity,
                "agent": None if row["agent"] is None else self.agents[row["agent"]],
                "plan": self.vocabulary.plans.get(activity.plan) if activity and activity.plan else None,
                "source": None if row["source"] is None else self.sources[row["source"]],
                "parents": tuple(parent.hex() for parent in row["parents"] or ()),
                "parent_roles": tuple(row["parent_roles"] or ()),
                "prompt": None if prompt is None else prompt.hex(),
            }
        )

    def occurrences(self, sample_id: str) -> list[Occurrence]:
        """In which datasets the sample occurs, and how often; none for a sample that is only an ancestor."""
        found = self.connection.execute(
            "SELECT sidecar, sum(rows)::BIGINT FROM samples WHERE sample_id = ? AND rows > 0 GROUP BY 1 ORDER BY 1",
            [bytes.fromhex(sample_id)],
        ).fetchall()
        return [Occurrence(self.recorded[sidecar].path, rows) for sidecar, rows in found]

    def rows_by_origin(self) -> dict[str, dict[str, int]]:
        """For every dataset with a sidecar, its rows by origin, the most frequent first."""
        found = self.connection.execute(
            "SELECT sidecar, origin, sum(rows)::BIGINT FROM samples WHERE rows > 0 GROUP BY 1, 2 ORDER BY 1, 3 DESC, 2"
        ).fetchall()
        shares: dict[str, dict[str, int]] = {dataset.path: {} for dataset in self.recorded}
        for sidecar, origin, rows in found:
            shares[self.recorded[sidecar].path][origin] = rows
        return shares


def name_some(names: Sequence[str], limit: int = 10) -> str:
    """The first few of ``names`` for a message; what else there is to choose from."""
    return ", ".join(names[:limit]) + (", …" if len(names) > limit else "") or "none"
