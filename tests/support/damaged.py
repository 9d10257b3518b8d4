"""Datasets with sidecars that are healthy, and damaged in every way that `verify` tells."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
from support.sharded import table
from support.workbench import DERIVATION, Workbench, identifier

from provenance.lineage.sidecar import open_sidecar, write_sidecar

Records = list[dict[str, Any]]
DOCUMENTS = [{"text": f"document {number}"} for number in range(40)]
WRITTEN = [{"text": f"written {number}"} for number in range(40)]
DERIVED = [{"text": f"derived {number}"} for number in range(5)]


@dataclass(frozen=True)
class Damaged:
    """``said``: what is found, in the order of the findings, as parts of what each says; ``refused``: as an error."""

    name: str
    data: Path
    sidecar: Path
    said: Sequence[str] = ()
    refused: str | None = None


def damaged(folder: Path) -> Iterator[Damaged]:
    """Each in a folder of its own within ``folder``."""
    for name, (change, parts, said) in _RECORDS.items():
        data, sidecar = _mix(folder / name)
        opened, records = open_sidecar(sidecar), table(sidecar)
        changed = records.to_pylist()
        change(changed)
        batches = pa.Table.from_pylist(changed, schema=records.schema).to_batches()
        write_sidecar(sidecar, opened.header, batches, opened.digest_size, parts)
        yield Damaged(name, data, sidecar, said)
    for name, (rewrite, said) in _DATA.items():
        data, sidecar = _mix(folder / name)
        data.write_text("".join(rewrite(data.read_text().splitlines(keepends=True))))
        yield Damaged(name, data, sidecar, said)
    yield _in_disorder(folder / "disorder")
    yield _with_altered_part(folder / "altered")


def _mix(folder: Path) -> tuple[Path, Path]:
    """Real rows, what a model wrote of them and of one another, and what was derived from that; one row twice."""
    folder.mkdir()
    bench = Workbench(folder)
    documents = bench.collected("documents.jsonl", DOCUMENTS)
    parents = [[identifier(WRITTEN[number - 1] if number % 3 else DOCUMENTS[number])] for number in range(40)]
    synthetic = bench.generated("synthetic.jsonl", WRITTEN, parents, [documents])
    derived = [{**row, "_parents": [identifier(WRITTEN[number])]} for number, row in enumerate(DERIVED)]
    data = bench.dataset("mix.jsonl", [*DOCUMENTS, *WRITTEN, DOCUMENTS[0], *derived])
    bench.complete(data, dependencies=[documents, synthetic], derivation=DERIVATION)
    return data, folder / "mix.jsonl.lineage.parquet"


def _of(records: Records, row: dict[str, Any]) -> dict[str, Any]:
    return next(each for each in records if each["sample_id"].hex() == identifier(row))


def _nothing(records: Records) -> None:
    pass


def _strange_words(records: Records) -> None:
    for number in range(5):
        _of(records, DOCUMENTS[number])["origin"] = f"evil {number % 2}"
        _of(records, WRITTEN[number])["kind"] = "poem"
        _of(records, WRITTEN[number])["activity"] = 99
    _of(records, DERIVED[0])["evidence"] = "rumour"


def _contradictions(records: Records) -> None:
    for number in range(10, 15):
        _of(records, DOCUMENTS[number]).update(depth=9)
        _of(records, DOCUMENTS[number + 5]).update(real_rooted=False)
    _of(records, WRITTEN[1])["depth"] = 1
    _of(records, WRITTEN[3])["real_rooted"] = False
    _of(records, DERIVED[1]).update(depth=7)
    _of(records, DERIVED[2]).update(origin="real", depth=0)


def _not_closed(records: Records) -> None:
    for number in range(4):
        _of(records, WRITTEN[3 * number])["parents"] = [bytes([70 * number]) * 16]
    _of(records, WRITTEN[12])["parents"] = [b"\0" * 16, b"\xff" * 16]


def _in_circles(records: Records) -> None:
    _of(records, WRITTEN[30])["parents"] = [bytes.fromhex(identifier(WRITTEN[32]))]


def _misstated(records: Records) -> None:
    for number in range(3):
        _of(records, DOCUMENTS[number])["possible_rows"] = 0
        _of(records, WRITTEN[number]).update(possible_rows=5, ambiguous_rows=2)


def _fewer(records: Records) -> None:
    del records[10:35]
    records[0]["rows"] = 3


_RECORDS: dict[str, tuple[Callable[[Records], None], int, Sequence[str]]] = {
    "healthy": (_nothing, 1, ()),
    "healthy-parts": (_nothing, 4, ()),
    "words": (
        _strange_words,
        1,
        ("an activity that its header", "origin 'evil 0' of 3 records", "kind 'poem' of 5", "evidence 'rumour' of 1"),
    ),
    "contradictions": (
        _contradictions,
        4,
        (
            "5 records are real, but not of depth 0",
            "5 records are real, but not real-rooted",
            "not one step deeper",
            "not as deep as",
            "have a real-rooted parent",
            "derive from what a model made",
        ),
    ),
    "not-closed": (_not_closed, 4, ("5 parents have no record",)),
    "circles": (_in_circles, 1, ("is its own ancestor",)),
    "misstated": (_misstated, 1, ("0 stands for", "do not fit each other")),
    "fewer": (_fewer, 1, ("account for", "parents have no record", "has no record", "is in 1 rows")),
}


def _replaced(lines: list[str]) -> list[str]:
    return [line.replace('"written', '"rewritten') for line in lines]


def _cut(lines: list[str]) -> list[str]:
    return [*lines[:50], '{"text": "cut\n', *lines[51:]]


_DATA: dict[str, tuple[Callable[[list[str]], list[str]], Sequence[str]]] = {
    "strangers": (_replaced, ("has no record", "20 more rows", "is in 0 rows")),
    "fewer-rows": (lambda lines: lines[5:], ("is in 0 rows", "is in 1 rows, but the sidecar has it in 2")),
    "unreadable": (_cut, ("",)),
    "reordered": (lambda lines: lines[::-1], ()),
}


def _in_disorder(folder: Path) -> Damaged:
    data, sidecar = _mix(folder)
    opened, records = open_sidecar(sidecar), table(sidecar)
    records = pa.concat_tables([records.slice(1), records.slice(0, 1)])
    write_sidecar(sidecar, opened.header, records.to_batches(), opened.digest_size, 1)
    return Damaged(folder.name, data, sidecar, refused="not in the order of their ids")


def _with_altered_part(folder: Path) -> Damaged:
    """One whose manifest states another digest of one part."""
    data, sidecar = _mix(folder)
    opened, records = open_sidecar(sidecar), table(sidecar)
    write_sidecar(sidecar, opened.header, records.to_batches(), opened.digest_size, 4)
    part = sorted(sidecar.glob("part-*"))[1]
    content = part.read_bytes()
    # A byte of the name of what wrote it, which nobody reads.
    place = content.rindex(b"parquet-cpp")
    part.write_bytes(content[:place] + b"P" + content[place + 1 :])
    return Damaged(folder.name, data, sidecar, ("is not as its manifest states it",))
