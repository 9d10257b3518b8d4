"""Sidecars written record by record, and a ledger over them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
from support.contents import digest

from provenance.identity.names import sidecar_path
from provenance.ledger.collecting import Found
from provenance.ledger.datasets import recorded_dataset
from provenance.ledger.sidecars import Sidecars
from provenance.lineage.records import Activity, Agent, DatasetState, Header, IdentitySettings, Plan, Source
from provenance.lineage.schema import FORMAT_VERSION, sidecar_schema
from provenance.lineage.sidecar import Sidecar, open_sidecar, write_sidecar
from provenance.repository import Repository

DIGEST_SIZE = 16


@dataclass(frozen=True)
class Words:
    """What a sidecar's records refer to by number."""

    activities: tuple[Activity, ...] = ()
    agents: tuple[Agent, ...] = ()
    plans: tuple[Plan, ...] = ()
    sources: tuple[Source, ...] = ()


def sample(number: int) -> str:
    """The id of a sample in tests: far apart, and not in the order of the numbers."""
    return f"{number * 0x9E3779B97F4A7C15 % 2**64:016x}{number:016x}"


def record(sample_id: str, rows: int = 1, **stated: Any) -> dict[str, Any]:
    """One record of a sidecar; what is not ``stated`` is null. ``parents`` are hex ids."""
    parents = stated.pop("parents", [])
    values: dict[str, Any] = {
        "content_bytes": 10,
        "origin": "synthetic" if parents else "real",
        "evidence": "observed",
        "parent_roles": ["context"] * len(parents),
    }
    values |= stated
    values["sample_id"] = bytes.fromhex(sample_id)
    values["rows"] = rows
    values["parents"] = [bytes.fromhex(parent) for parent in parents]
    return values


def rows_of(records: Sequence[Mapping[str, Any]]) -> int:
    """The rows of the dataset that the records are of."""
    return sum(each["rows"] + (each.get("ambiguous_rows") or 0) for each in records)


def write(
    folder: Path,
    dataset: str,
    records: Sequence[Mapping[str, Any]],
    words: Words = Words(),
    *,
    md5: str | None = None,
    rows: int | None = None,
    parts: int = 1,
) -> Path:
    """Write the sidecar of ``dataset`` in ``folder``."""
    header = Header(
        version=FORMAT_VERSION,
        dataset=DatasetState(path=dataset, md5=md5, size=100, rows=rows_of(records) if rows is None else rows),
        identity=IdentitySettings(digest="xxh3_128", canonical_form=1, rule="named", fields=("text",)),
        activities=words.activities,
        agents=words.agents,
        plans=words.plans,
        sources=words.sources,
    )
    path = folder / sidecar_path(dataset)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Births of rows in doubt stand in the order in which they are given.
    doubtful = {each["sample_id"] for each in records if each.get("possible_rows") or each.get("ambiguous_rows")}
    in_order = sorted(
        records, key=lambda each: (each["sample_id"], 0 if each["sample_id"] in doubtful else -each["rows"])
    )
    batch = pa.RecordBatch.from_pylist(in_order, schema=sidecar_schema(DIGEST_SIZE))
    write_sidecar(path, header, [batch], DIGEST_SIZE, parts)
    return path


@contextmanager
def ledger_of(repository: Repository, *sidecars: Path, md5: str | None = None) -> Iterator[Sidecars]:
    """A ledger over these sidecars; ``md5`` is what DVC is said to have for each dataset."""
    recorded = [
        recorded_dataset(open_sidecar(path).header.dataset.path, md5, path, digest(path.read_bytes()), place)
        for place, path in enumerate(sidecars)
    ]
    with TemporaryDirectory() as folder:
        ledger = Sidecars(Found(recorded, ["data/bare.jsonl"]), repository, None, Path(folder))
        with ledger.closed_at_the_end():
            yield ledger


def sidecar_of_ids(
    folder: Path, members: Sequence[bytes], ancestors: Sequence[bytes], *, in_order: bool = True
) -> Sidecar:
    """A sidecar in ``folder`` of a row for each of ``members``, and of ``ancestors``; its ids are sha256 digests."""
    everyone = [(each, 1) for each in members] + [(each, 0) for each in ancestors]
    records = [record(each.hex(), rows) for each, rows in (sorted(everyone) if in_order else everyone)]
    file = folder / "x.jsonl.lineage.parquet"
    header = Header(
        version=FORMAT_VERSION,
        dataset=DatasetState(path="x.jsonl", size=1, rows=len(members)),
        identity=IdentitySettings(digest="sha256", canonical_form=1, rule="named", fields=("text",)),
    )
    schema = sidecar_schema(32)
    columns = {name: [each.get(name) for each in records] for name in schema.names}
    write_sidecar(file, header, [pa.RecordBatch.from_pydict(columns, schema=schema)], 32)
    return open_sidecar(file)
