"""Segments: one sidecar as arrays.

``heads`` and ``tails`` are the sorted `SampleIds`; the other arrays count samples in that order. ``class``: the number
of the sample's most credible birth class; ``content``: bytes of its content plus 1, 0 where it was never seen;
``rows``: rows of the dataset. ``offsets`` (one more than samples), ``parents`` and ``roles`` are the parents of each
sample, over all its births, each once; guessed ones are left out. ``other_sample`` and ``other_class`` are the further
births of samples that were born twice.

Samples with several records have these one by one, too, in the order of the sidecar: ``born_sample``, ``born_class``,
``born_rows`` (certain ones), ``born_possible``, ``born_offsets`` and ``born_parents``. ``mixed`` are those of these
samples whose records do not all have the same parents.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from provenance.errors import SidecarError
from provenance.identity.id_arrays import bytes_of_ids
from provenance.ledger.graph.adjacency import Adjacency, counted, narrowed, offsets_of, sorted_once
from provenance.ledger.graph.births import BirthClass, ClassNumbers, Descriptions, is_tombstone
from provenance.ledger.graph.identifiers import SampleIds, require_numbers
from provenance.ledger.graph.store import Array, Draft
from provenance.lineage.words import COUNTED_NAMES

if TYPE_CHECKING:
    from provenance.lineage.sidecar import Sidecar

Progress = Callable[[int], None]

_TEXTS = ("origin", "kind", "license", "evidence")
_COLUMNS = ("sample_id", *COUNTED_NAMES, "content_bytes", "parents", "parent_roles", *BirthClass._fields)
_OF_RECORDS = (
    ("sample", np.uint32),
    ("class", np.uint32),
    ("rows", np.uint32),
    ("possible", np.uint32),
    ("shared", np.uint32),
    ("content", np.uint64),
)
_EDGES_AT_ONCE = 1 << 22


@dataclass(frozen=True)
class IndexedSidecar:
    """A sidecar to be in a graph: of the dataset at ``path``, the ``file``, found again by ``digest``, its hash.

    ``file`` is None where it is not known yet, which is enough to find what is built. ``additional``: it is not of the
    graph's revision, and adds only samples that the others do not know; it comes after them.
    """

    path: str
    file: Path | None
    digest: str
    additional: bool = False


def write_segment(sidecar: Sidecar, draft: Draft, progress: Progress | None = None) -> None:
    """Read the sidecar into ``draft``; ``progress`` is called with the number of records read.

    Raises:
        SidecarError: a parent has no record in the sidecar, or the ids are not in order.
    """
    numbers = ClassNumbers()
    roles: dict[str | None, int] = {None: 0}
    _read_records(sidecar, draft, numbers, roles, progress)
    descriptions = Descriptions.of_header(sidecar.header)
    _require_described(sidecar.path, numbers.classes, descriptions)
    several = _count_samples_once(draft)
    _number_parents(sidecar.path, draft, several)
    if several is not None:
        _write_mixed(draft, [is_tombstone(each, descriptions) for each in numbers.classes])
    draft.stated = {
        "digest_size": sidecar.digest_size,
        "samples": len(draft.mapped("heads")),
        "dataset": sidecar.header.dataset.model_dump(mode="json"),
        "classes": list(numbers.classes),
        "roles": list(roles),
        "descriptions": descriptions.as_json(),
    }


def _read_records(
    sidecar: Sidecar, draft: Draft, numbers: ClassNumbers, roles: dict[str | None, int], progress: Progress | None
) -> None:
    from provenance.lineage.sidecar import record_groups

    require_numbers(str(sidecar.path), sidecar.records, "records")
    dictionaries = [*_TEXTS, "parent_roles.list.element"]
    width, samples, records = sidecar.digest_size, 0, 0
    last: SampleIds | None = None
    for _, table in record_groups(sidecar, _COLUMNS, dictionaries=dictionaries):
        ids = SampleIds.of_bytes(bytes_of_ids(table["sample_id"].combine_chunks()))
        is_first = _is_first(sidecar.path, ids, last)
        sample = samples + np.cumsum(is_first) - 1
        draft.append("heads", ids.heads[is_first])
        draft.append("tails", ids.tails[is_first])
        draft.append("record_sample", sample.astype(np.uint32))
        draft.append("record_class", numbers.of_table(table))
        for name, column in zip(("rows", "possible", "shared"), COUNTED_NAMES, strict=True):
            draft.append(f"record_{name}", table[column].fill_null(0).to_numpy().astype(np.uint32))
        draft.append("record_content", table["content_bytes"].fill_null(-1 % 2**64).to_numpy() + np.uint64(1))
        _append_edges(draft, table, sample, records, width, roles)
        last, samples, records = ids[-1:], int(sample[-1]) + 1, records + table.num_rows
        if progress is not None:
            progress(table.num_rows)
    if last is None:
        _append_nothing(draft, width)


def _append_nothing(draft: Draft, width: int) -> None:
    nothing = SampleIds.of_bytes(np.empty((0, width), np.uint8))
    draft.append("heads", nothing.heads)
    draft.append("tails", nothing.tails)
    for name, kind in _OF_RECORDS:
        draft.append(f"record_{name}", np.empty(0, kind))
    draft.append("edge_child", np.empty(0, np.uint32))
    draft.append("edge_record", np.empty(0, np.uint32))
    draft.append("edge_parent", np.empty((0, width), np.uint8))
    draft.append("edge_role", np.empty(0, np.uint32))


def _append_edges(
    draft: Draft, table: Any, sample: Array, records: int, width: int, roles: dict[str | None, int]
) -> None:
    """The parents of the records in ``table``, of which there are ``records`` before it."""
    import pyarrow as pa
    import pyarrow.compute as pc

    stated = pc.not_equal(table["evidence"].cast(pa.string()), "inferred").fill_null(True).combine_chunks()
    parents, role_lists = (
        pc.if_else(stated, table[name].combine_chunks(), None) for name in ("parents", "parent_roles")
    )
    counts = pc.list_value_length(parents).fill_null(0).to_numpy()
    named = bytes_of_ids(parents.flatten())
    spoken = role_lists.flatten()
    known = np.array([roles.setdefault(role, len(roles)) for role in [None, *spoken.dictionary.to_pylist()]], np.uint32)
    codes = pc.fill_null(spoken.indices.cast(pa.int64()), -1).to_numpy(zero_copy_only=False) + 1
    draft.append("edge_child", np.repeat(sample, counts).astype(np.uint32))
    draft.append("edge_record", np.repeat(np.arange(records, records + len(sample)), counts).astype(np.uint32))
    draft.append("edge_parent", named)
    draft.append("edge_role", known[codes])


def _require_described(path: Path, classes: Iterable[BirthClass], descriptions: Descriptions) -> None:
    for column, described in (
        ("activity", descriptions.activities),
        ("agent", descriptions.agents),
        ("source", descriptions.sources),
    ):
        if any((number := getattr(each, column)) is not None and number >= len(described) for each in classes):
            said = f"a record names {'a' if column == 'source' else 'an'} {column} that its header does not describe"
            raise SidecarError(f"{path}: {said}; restore it with `dvc checkout`, or make it again")


def _is_first(path: Path, ids: SampleIds, last: SampleIds | None) -> Array:
    """Whether each record is the first of its sample; ``last``: the id of the record before these."""
    before = ids[:1] if last is None else last
    joined = SampleIds(np.append(before.heads, ids.heads), np.append(before.tails, ids.tails, axis=0), ids.width)
    if not joined.are_sorted():
        raise SidecarError(f"{path}: its records are not sorted by sample id; restore it with `dvc checkout`")
    is_first = joined.differ_from_next()
    is_first[0] |= last is None
    return is_first


def _count_samples_once(draft: Draft) -> Array | None:
    """Make one entry of each sample's records, the first of which is to be believed; what differs is kept apart.

    Returns:
        The records, in order, of samples that have several; None where no sample has.
    """
    sample, of_record = draft.mapped("record_sample"), draft.mapped("record_class")
    rows, shared, content = (draft.mapped(f"record_{name}") for name in ("rows", "shared", "content"))
    samples = len(draft.mapped("heads"))
    several = None
    if len(sample) == samples:
        best, total, others = of_record, rows + shared, np.empty(0, np.int64)
    else:
        starts = np.searchsorted(sample, np.arange(samples, dtype=np.uint32))
        # Each record's rows fit in 32 bits; those of a sample need not.
        best, total = of_record[starts], np.add.reduceat(np.add(rows, shared, dtype=np.uint64), starts)
        content = np.maximum.reduceat(content, starts)
        others = np.flatnonzero(best[sample] != of_record)
        several = np.flatnonzero((np.diff(np.append(starts, len(sample))) > 1)[sample])
    draft.append("class", narrowed(best))
    draft.append("rows", narrowed(total))
    draft.append("content", narrowed(content))
    draft.append("other_sample", sample[others])
    draft.append("other_class", of_record[others])
    for name in ("sample", "class", "rows", "possible"):
        found = draft.mapped(f"record_{name}")
        draft.append(f"born_{name}", found[:0] if several is None else found[several])
    for name, _ in _OF_RECORDS:
        draft.drop(f"record_{name}")
    return several


def _number_parents(path: Path, draft: Draft, several: Array | None) -> None:
    """Turn the parents' ids into places among the sidecar's own samples; ``several``: of `_count_samples_once`."""
    ids = SampleIds(draft.mapped("heads"), draft.mapped("tails"), draft.mapped("edge_parent").shape[1])
    child, named = draft.mapped("edge_child"), draft.mapped("edge_parent")
    into = "parents" if several is None else "edge_place"
    for start in range(0, len(child), _EDGES_AT_ONCE):
        places = ids.places_of(SampleIds.of_bytes(named[start : start + _EDGES_AT_ONCE]))
        if (places < 0).any():
            missing = named[start + int(np.argmin(places))].tobytes().hex()
            said = f"it is not closed: the parent {missing[:12]} has no record in it"
            raise SidecarError(f"{path}: {said}; restore it with `dvc checkout`")
        draft.append(into, places.astype(np.uint32))
    if not len(child):
        draft.append(into, np.empty(0, np.uint32))
    role = draft.mapped("edge_role")
    if several is None:
        draft.append("born_offsets", np.zeros(1, np.uint8))
        for name in ("born_parents", "mixed"):
            draft.append(name, np.empty(0, np.uint32))
    else:
        child, role = _parents_once(draft, several)
    draft.append("offsets", offsets_of(counted(child, len(ids))))
    draft.append("roles", narrowed(role))
    for name in ("child", "record", "parent", "role", *(() if several is None else ("place",))):
        draft.drop(f"edge_{name}")


def _parents_once(draft: Draft, several: Array) -> tuple[Array, Array]:
    """Keep the parents of the records ``several`` by themselves, and of their samples each (parent, role) once.

    Returns:
        The child and the role of each of those that are left, which are the sidecar's ``parents``.
    """
    child, record, place, role = (draft.mapped(f"edge_{name}") for name in ("child", "record", "place", "role"))
    rank = np.minimum(np.searchsorted(several, record), len(several) - 1)
    edges = np.flatnonzero(several[rank] == record)
    draft.append("born_offsets", offsets_of(counted(rank[edges], len(several))))
    draft.append("born_parents", place[edges])
    keys = (child[edges], place[edges], role[edges])
    order = np.lexsort(keys[::-1])
    again = np.zeros(len(edges), bool)
    again[order[1:]] = np.logical_and.reduce([key[order[1:]] == key[order[:-1]] for key in keys])
    stays = np.ones(len(child), bool)
    stays[edges[again]] = False
    draft.append("parents", place[stays])
    return child[stays], role[stays]


def _write_mixed(draft: Draft, of_no_birth: Sequence[bool]) -> None:
    """Write ``mixed``: samples with a record that lacks a parent of another one; tombstones have no parents anyway.

    ``of_no_birth``: by class, whether it is that of tombstones.
    """
    sample, classes = draft.mapped("born_sample"), draft.mapped("born_class")
    offsets, parents = draft.mapped("born_offsets"), draft.mapped("born_parents")
    record = np.repeat(np.arange(len(sample)), Adjacency(offsets, parents).counts)
    samples = int(sample.max(initial=0)) + 1
    of_record, of_sample = (
        counted(sorted_once((of.astype(np.uint64) << np.uint64(32)) | parents) >> np.uint64(32), most)
        for of, most in ((record, len(sample)), (sample[record], samples))
    )
    lacks = (of_record != of_sample[sample]) & ~np.array(of_no_birth, bool)[classes]
    draft.append("mixed", sorted_once(sample[lacks]))
