"""The index of the evaluation sets that an audit names: kept by the hash of their content, built again when damaged."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from provenance.auditing.contamination.building import build
from provenance.auditing.contamination.index import VERSION, Suite
from provenance.auditing.contamination.reading import data_of
from provenance.auditing.measure import NotMeasured
from provenance.files import Cleaned
from provenance.identity import read_rows
from provenance.ledger.contents import named_as
from provenance.ledger.graph.store import Folder, Store
from provenance.ledger.part import Part
from provenance.ledger.row_places import identity_of_sidecar

FOLDER = "evaluations"


def suite_of(evaluations: Sequence[Part]) -> Suite | NotMeasured:
    """The index of ``evaluations``, which are not none; not measured where one cannot be read as text.

    Raises:
        DataError: a set cannot be read, or has more text than an index can hold.
        SidecarError: a sidecar is of other data.
    """
    for part in evaluations:
        part.dataset.require_current()
        if not part.dataset.rows:
            return NotMeasured(f"{part.dataset.path}: has no rows to look for")
    store = Store(evaluations[0].ledger.repository.temporary / FOLDER)
    name = _name(evaluations)
    folder = store.find(name)
    if folder is None:
        files: list[Path] = []
        for part in evaluations:
            data = data_of(part)
            if isinstance(data, NotMeasured):
                return data
            files.append(data)
        folder = _built(store, name, evaluations, files)
    suite = Suite.of(folder)
    for number, part in enumerate(evaluations):
        if not (suite.sets_of_sides == number).any():
            return NotMeasured(f"{part.dataset.path}: has no text in its content fields to look for")
    return suite


def clean_suites(temporary: Path) -> Cleaned:
    """Remove the indexes of all suites, which are built again when they are needed."""
    return Store(temporary / FOLDER).clean(())


def _built(store: Store, name: str, evaluations: Sequence[Part], files: Sequence[Path]) -> Folder:
    store.directory.mkdir(parents=True, exist_ok=True)
    with store.draft(name) as draft:
        build(
            [(part.dataset.path, partial(_rows, part, file)) for part, file in zip(evaluations, files, strict=True)],
            draft,
        )
    folder = store.find(name)
    assert folder is not None, "what was just written is there"
    return folder


def _rows(part: Part, file: Path) -> Iterator[Mapping[str, object]]:
    """The content fields of each row."""
    fields = frozenset(part.dataset.sidecar.header.identity.fields)
    with named_as(part.dataset, file):
        for _, row in read_rows(file, identity_of_sidecar(part.ledger, part.dataset)):
            yield {name: value for name, value in row.items() if name in fields}


def _name(evaluations: Sequence[Part]) -> str:
    """What an index depends on, as the name of its folder."""
    stated = [
        (part.dataset.path, part.dataset.sidecar.header.dataset.md5, part.dataset.sidecar.header.identity.fields)
        for part in evaluations
    ]
    return hashlib.sha256(json.dumps([VERSION, stated]).encode()).hexdigest()[:32]
