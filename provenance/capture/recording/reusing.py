"""Rows of a dataset's last version that need not be generated again: what made them is what would make them now.

A row is looked up by what is known before its model is called: the digest of the rendered prompt, the parents with
their roles, and the seed. Model, parameters, kind and licence are those that the recorder declares. The rows are in a
table on disk, as the version may be as large as a dataset is.
"""

from __future__ import annotations

import sqlite3
import threading
from collections import Counter
from contextlib import closing, contextmanager, suppress
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from provenance.capture.identities import as_recorded
from provenance.capture.recording.taken_over import maker_of
from provenance.capture.strict_json import encode
from provenance.errors import ProvenanceError
from provenance.identity import CANONICAL_FORM, read_rows, scan
from provenance.identity.names import sidecar_path
from provenance.lineage.explaining import DERIVED_ROLE
from provenance.lineage.records import Activity, ActivityType, Agent, Evidence, Header
from provenance.lineage.schema import BIRTH_NAMES
from provenance.lineage.sidecar import Sidecar, open_sidecar, record_batches

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from provenance.capture.recording.journal import Journal
    from provenance.capture.recording.terms import Declaration
    from provenance.identity import Identity
    from provenance.lineage.schema import Birth
    from provenance.repository import Repository

_TABLES = """
CREATE TABLE births(number INTEGER PRIMARY KEY, known BLOB, sample BLOB, rows INTEGER, alone INTEGER, birth BLOB,
                    activity INTEGER, place INTEGER);
CREATE TABLE contents(number INTEGER PRIMARY KEY, sample BLOB, row BLOB);
"""
# The place of a birth is that of its sample's first row.
_INDEXES = """
CREATE INDEX by_sample ON contents(sample);
UPDATE births SET place = (SELECT min(number) FROM contents WHERE contents.sample = births.sample);
CREATE INDEX by_known ON births(known, place);
"""
_BATCH_ROWS = 8192
# Of what a birth says, this is looked up by the recorder's own words, or stands for all rows.
_READ = ("sample_id", "rows", *BIRTH_NAMES)
_REQUEST = "gen_ai.request."


class Taken(NamedTuple):
    """A row that is taken over: its JSON, its birth, and what made it, as the journal describes it."""

    row: bytes
    birth: Birth
    maker: Mapping[str, Any]


class LastVersion:
    """The rows of a dataset's last version that were made as a recorder makes them. Threads may use it."""

    def __init__(self, file: Path, header: Header) -> None:
        self._header = header
        self._lock = threading.Lock()
        self._table = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        # The file is temporary: nothing of it is worth a sync or a journal.
        self._table.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;" + _TABLES + "BEGIN;")

    def read(self, sidecar: Sidecar, data: Path, identity: Identity, declaration: Declaration) -> None:
        """Take in the rows of ``data`` that ``sidecar`` says were made as ``declaration`` has it."""
        activities = [number for number, each in enumerate(self._header.activities) if self._is_same(each, declaration)]
        if activities:
            self._table.executemany(
                "INSERT INTO births(known, sample, rows, alone, birth, activity) VALUES (?, ?, ?, ?, ?, ?)",
                _births(sidecar, activities, declaration),
            )
            self._table.executemany("INSERT INTO contents(sample, row) VALUES (?, ?)", _contents(data, identity))
        self._table.executescript(_INDEXES)

    def take(self, known: bytes) -> Taken | None:
        """A row that was made of what is `known`, each row once; None once all are taken."""
        execute = self._table.execute
        with self._lock:
            while found := execute(
                "SELECT number, sample, rows, alone, birth, activity FROM births WHERE known = ? "
                "ORDER BY place, number LIMIT 1",
                (known,),
            ).fetchone():
                number, sample, rows, alone, birth, activity = found
                row = self._row(sample, alone=bool(alone))
                if row is not None and rows > 1:
                    execute("UPDATE births SET rows = rows - 1 WHERE number = ?", (number,))
                else:
                    execute("DELETE FROM births WHERE number = ?", (number,))
                if row is not None:
                    return Taken(row, orjson.loads(birth), maker_of(self._header, activity))
        return None

    def close(self) -> None:
        """Let go of the table's file."""
        self._table.close()

    def _row(self, sample: bytes, *, alone: bool) -> bytes | None:
        """The next row of a sample; where several births made its rows, only if these are equal in all columns."""
        execute = self._table.execute
        if not alone:
            first, last = execute("SELECT min(row), max(row) FROM contents WHERE sample = ?", (sample,)).fetchone()
            return bytes(first) if first is not None and first == last else None
        found = execute(
            "SELECT number, row FROM contents WHERE sample = ? ORDER BY number LIMIT 1", (sample,)
        ).fetchone()
        if found is None:
            return None
        execute("DELETE FROM contents WHERE number = ?", found[:1])
        return bytes(found[1])

    def _is_same(self, activity: Activity, declaration: Declaration) -> bool:
        """Whether an activity of the last version is a generation by the same model with the same parameters."""
        agent = next((each for each in self._header.agents if each.id == activity.agent), None)
        if activity.type is not ActivityType.GENERATION or agent is None or declaration.agent is None:
            return False
        # Of an observed call, the response says more than was asked for.
        asked = {name: value for name, value in activity.parameters.items() if _is_asked(name)}
        declared = orjson.loads(orjson.dumps(dict(declaration.parameters)))
        return _model(agent) == _model(declaration.agent) and asked == declared


def _is_asked(name: str) -> bool:
    return name != _REQUEST + "model" and not name.startswith(("gen_ai.response.", "server."))


def _model(agent: Agent) -> tuple[str | None, ...]:
    return agent.name, agent.revision, agent.provider, agent.weights_digest


def known_of(birth: Birth) -> bytes:
    """What is known of a row, of its ``birth``, before its model is called."""
    parents = birth.get("parents", [])
    roles = birth.get("parent_roles", [DERIVED_ROLE] * len(parents))
    return orjson.dumps([birth["prompt"], parents, roles, birth.get("seed"), birth.get("license")])


@contextmanager
def last_version(
    repository: Repository, dataset: str, declaration: Declaration, identity: Identity, journal: Journal
) -> Iterator[LastVersion | None]:
    """The last version of the ``dataset`` (path from the DVC root); None where no version can be used.

    That is what is in the workspace; where DVC has deleted it, as it does ahead of a stage, what DVC has recorded.

    Raises:
        ProvenanceError: DVC has recorded a version that is not on this machine and cannot be fetched.
    """
    data, sidecar = repository.data_file(dataset), repository.sidecar_file(dataset)
    if data is None or sidecar is None:
        if dataset in repository.recorded_hashes():
            raise ProvenanceError(
                f"{dataset}: reuse=True, but its last version or the sidecar of that is not here; `dvc fetch {dataset} "
                f"{sidecar_path(dataset)}`, or leave reuse out to generate every row again"
            )
        yield None
        return
    opened = open_sidecar(sidecar)
    stated = opened.header.identity
    if (stated.digest, stated.canonical_form) != (identity.digest, CANONICAL_FORM):
        yield None
        return
    file = journal.path.with_suffix(".last")
    file.unlink(missing_ok=True)
    # A dataset's format follows from its name, which an object in DVC's cache does not have.
    named = file.with_name(f"{file.name}.{Path(dataset).name}")
    named.unlink(missing_ok=True)
    named.symlink_to(data)
    with closing(LastVersion(file, opened.header)) as version:
        version.read(opened, named, as_recorded(stated, repository.settings(), dataset, repository), declaration)
        named.unlink()
        # What an earlier run took over before it was killed is not taken over twice.
        for birth in journal.births_taken_over():
            version.take(known_of(birth))
        yield version
    file.unlink(missing_ok=True)


def _births(sidecar: Sidecar, activities: Sequence[int], declaration: Declaration) -> Iterator[tuple[Any, ...]]:
    kind, usable = declaration.birth()["kind"] or "", pa.array(activities, pa.uint32())
    for table in _members(sidecar):
        conditions = (
            pc.greater(table["rows"], 0),
            pc.is_in(table["activity"], usable),
            pc.equal(table["evidence"], Evidence.OBSERVED.value),
            pc.equal(table["kind"].fill_null(""), kind),
            table["prompt"].is_valid(),
        )
        for record in table.filter(reduce(pc.and_, conditions)).to_pylist():
            yield _entry(record, keep_prompts=declaration.keep_prompts)


def _members(sidecar: Sidecar) -> Iterator[pa.Table]:
    """All records, those of a sample never apart, with a column more: whether the sample has no other birth."""
    held = None
    for batch in record_batches(sidecar, _READ, _BATCH_ROWS):
        table = pa.Table.from_batches([batch])
        held = table if held is None else pa.concat_tables([held, table])
        ids = held["sample_id"].to_pylist()
        # Records are sorted: those of the last sample may go on in the next batch.
        whole = ids.index(ids[-1])
        yield _with_alone(held.slice(0, whole), ids[:whole])
        held = held.slice(whole)
    if held is not None:
        yield _with_alone(held, held["sample_id"].to_pylist())


def _with_alone(records: pa.Table, ids: list[bytes]) -> pa.Table:
    counted = Counter(ids)
    return records.append_column("alone", pa.array([counted[each] == 1 for each in ids], pa.bool_()))


def _entry(record: dict[str, Any], *, keep_prompts: bool) -> tuple[Any, ...]:
    birth: dict[str, Any] = {name: record[name] for name in BIRTH_NAMES if record[name] is not None}
    birth |= {"parents": [parent.hex() for parent in record["parents"]], "prompt": record["prompt"].hex()}
    del birth["activity"]
    if not keep_prompts:
        birth.pop("prompt_text", None)
    if "cost" in birth:
        birth["cost"] = str(birth["cost"])
    known = known_of(cast("Birth", birth))
    return known, record["sample_id"], record["rows"], record["alone"], orjson.dumps(birth), record["activity"]


def _contents(data: Path, identity: Identity) -> Iterator[tuple[bytes, bytes]]:
    """The sample id of each row that JSON can hold, and its JSON."""
    rows = read_rows(data, identity)
    for batch in scan(data, identity):
        for sample, (_, row) in zip(batch.sample_ids.to_pylist(), rows, strict=False):
            with suppress(TypeError):
                yield sample, encode(row)
