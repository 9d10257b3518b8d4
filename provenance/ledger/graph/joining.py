"""Joining segments into the graph of a revision, some of its samples at a time.

A graph's samples are numbered parents first: by the length of the longest way from a sample without parents, then by
id. Arrays by number: ``class``, ``content``, ``parent_offsets``, ``parents``, ``roles``, ``child_offsets`` and
``children``. ``heads`` and ``tails`` are the sorted ids; ``number_of`` leads from a place among them to a number,
``place_of`` back. ``level_starts``: the first number of each level, and the number of samples. ``other_sample`` and
``other_class``: further births, by number. For dataset k, ``members_k`` are the numbers of its samples, in order, and
``rows_k`` how many rows each has.

A sample is *disputed* in dataset k where its records there are several, or do not say all that is known of its births.
Those records are ``born_number_k``, in order and as the sidecar has them, ``born_class_k``, ``born_rows_k`` (certain
ones), ``born_possible_k``, ``born_offsets_k`` and ``born_parents_k``. ``mixed`` are the numbers, in order, of samples
of which some record lacks a parent that another one has.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from provenance.ledger.graph.adjacency import Adjacency, counted, levels, narrowed, offsets_of, pieces, sorted_once
from provenance.ledger.graph.births import (
    BirthClass,
    ClassNumbers,
    Descriptions,
    classes_of,
    credibility,
    renumbered,
)
from provenance.ledger.graph.joined import Joined, join
from provenance.ledger.graph.store import Array, Draft, Folder

if TYPE_CHECKING:
    from provenance.ledger.graph.segments import IndexedSidecar


def write_graph(sidecars: Sequence[IndexedSidecar], segments: Sequence[Folder], draft: Draft) -> None:
    """Join ``segments``, those of ``sidecars``, into ``draft``."""
    joined = join(sidecars, segments, draft)
    own = [Descriptions(**segment.stated["descriptions"]) for segment in segments]
    merged, numbers = Descriptions.merged(own), ClassNumbers()
    roles: dict[str | None, int] = {None: 0}
    tables = [
        numbers.of(renumbered(classes_of(segment.stated), descriptions, merged))
        for segment, descriptions in zip(segments, own, strict=True)
    ]
    best, others = _births(joined, segments, tables, list(numbers.classes))
    parents, edge_roles = _edges(joined, segments, roles, draft)
    number_of = _write_adjacency(parents, edge_roles, draft)
    place_of = np.empty(len(number_of), np.uint32)
    place_of[number_of] = np.arange(len(number_of), dtype=np.uint32)
    draft.append("place_of", place_of)
    draft.append("class", narrowed(best)[place_of])
    draft.append("content", narrowed(_contents(joined, segments))[place_of])
    other_sample = number_of[others[0]]
    in_order = np.argsort(other_sample, kind="stable")
    draft.append("other_sample", other_sample[in_order])
    draft.append("other_class", others[1][in_order])
    lacking = [_lacks(_own(segment), places, parents) for segment, places in zip(segments, joined.places, strict=True)]
    draft.append("mixed", sorted_once(number_of[_mixed(joined, segments, lacking)]))
    born_elsewhere = np.zeros(len(number_of), bool)
    born_elsewhere[others[0]] = True
    for number, (segment, places, lacks) in enumerate(zip(segments, joined.places, lacking, strict=True)):
        rows = _write_members(number, segment, number_of[places], len(number_of), draft)
        is_single = (rows > 0) & (born_elsewhere[places] | lacks)
        _write_disputed(number, segment, number_of[places], is_single, tables[number], draft)
    for name in _OF_EDGES:
        draft.drop(name)
    draft.stated = {
        "width": joined.ids.width,
        "classes": list(numbers.classes),
        "roles": list(roles),
        "descriptions": merged.as_json(),
        "datasets": [
            {"path": sidecar.path, "digest": sidecar.digest, "described": segment.stated["dataset"]}
            for sidecar, segment in zip(sidecars, segments, strict=True)
        ],
    }


def _births(
    joined: Joined, segments: Sequence[Folder], tables: Sequence[Array], classes: Sequence[BirthClass]
) -> tuple[Array, tuple[Array, Array]]:
    """For each sample its most credible class, and every other (sample, class) there is, both in order."""
    ranks = credibility(classes)
    chosen = np.zeros(len(joined.ids), np.uint32)
    further = [np.empty(0, np.uint64)]
    for first, end, of_segments in joined.pieces():
        best = np.full(end - first, len(classes), np.uint32)
        stated = [
            _births_stated(segment, piece, places, heard, table)
            for segment, piece, places, heard, table in zip(
                segments, of_segments, joined.places, joined.heard, tables, strict=True
            )
        ]
        for samples, births, count in stated:
            firsts, numbers = samples[:count] - first, births[:count]
            # Of equal ones the first sidecar's.
            better = ranks[numbers] < best[firsts]
            best[firsts[better]] = ranks[numbers[better]]
            chosen[samples[:count][better]] = numbers[better]
        others = [np.empty(0, np.uint64)]
        for samples, births, _ in stated:
            differ = np.flatnonzero(chosen[samples] != births)
            others.append((samples[differ].astype(np.uint64) << np.uint64(32)) | births[differ].astype(np.uint64))
        further.append(sorted_once(np.concatenate(others)))
    keys = np.concatenate(further)
    return chosen, ((keys >> np.uint64(32)).astype(np.int64), (keys & np.uint64(2**32 - 1)).astype(np.uint32))


def _births_stated(
    segment: Folder, piece: slice, places: Array, heard: Array | None, table: Array
) -> tuple[Array, Array, int]:
    """What a segment says that counts of a ``piece`` of its samples: samples, their births, and how many of these are
    its most credible."""
    if not len(table):
        return np.empty(0, np.int64), np.empty(0, np.uint32), 0
    samples, births = places[piece].astype(np.int64), table[segment.array("class")[piece]]
    bounds = np.array([piece.start, piece.stop], np.uint32)
    among_others = slice(*map(int, np.searchsorted(segment.array("other_sample"), bounds)))
    others = segment.array("other_sample")[among_others]
    further = table[segment.array("other_class")[among_others]]
    if heard is not None:
        samples, births = samples[heard[piece]], births[heard[piece]]
        others, further = others[heard[others]], further[heard[others]]
    return np.concatenate([samples, places[others].astype(np.int64)]), np.concatenate([births, further]), len(samples)


def _contents(joined: Joined, segments: Sequence[Folder]) -> Array:
    content = np.zeros(len(joined.ids), np.uint64)
    for segment, places in zip(segments, joined.places, strict=True):
        stated = segment.array("content")
        for first, end in pieces(len(places)):
            some = places[first:end]
            content[some] = np.maximum(content[some], stated[first:end])
    return content


# Of each sample in the order of ids, its parents and their roles; needed while a graph is written.
_OF_EDGES = ("edge_parent", "edge_role")


def _edges(
    joined: Joined, segments: Sequence[Folder], roles: dict[str | None, int], draft: Draft
) -> tuple[Adjacency, Array]:
    """The parents of each sample in the order of ids, each (parent, role) once, and their roles."""
    named = [
        np.array([roles.setdefault(role, len(roles)) for role in segment.stated["roles"]], np.uint32)
        for segment in segments
    ]
    for name in _OF_EDGES:
        draft.append(name, np.empty(0, np.uint32))
    if len(segments) == 1 and not len(segments[0].array("other_sample")):
        (only,) = segments
        return _own(only), narrowed(named[0])[only.array("roles")]
    counts = np.zeros(len(joined.ids), np.uint32)
    for first, end, of_segments in joined.pieces():
        some = [
            _edges_of(segment, piece, places, heard, of_roles)
            for segment, piece, places, heard, of_roles in zip(
                segments, of_segments, joined.places, joined.heard, named, strict=True
            )
        ]
        edges, said = _each_once(*(np.concatenate(each) for each in zip(*some, strict=True)))
        counts[first:end] = counted((edges >> np.uint64(32)) - np.uint64(first), end - first)
        draft.append("edge_parent", edges.astype(np.uint32))
        draft.append("edge_role", said)
    return Adjacency(offsets_of(counts), draft.mapped("edge_parent")), draft.mapped("edge_role")


def _edges_of(segment: Folder, piece: slice, places: Array, heard: Array | None, roles: Array) -> tuple[Array, Array]:
    """The edges of a ``piece`` of a segment's samples, each as an integer (child, then parent), and their roles."""
    samples = np.arange(piece.start, piece.stop)
    if heard is not None:
        samples = samples[heard[piece]]
    own = _own(segment)
    edges, counts = own.edges_of(samples)
    key = np.repeat(places[samples].astype(np.uint64) << np.uint64(32), counts)
    return key | places[own.targets[edges]], roles[segment.array("roles")[edges]]


def _each_once(edges: Array, roles: Array) -> tuple[Array, Array]:
    order = np.lexsort((roles, edges))
    edges, roles = edges[order], roles[order]
    is_new = np.ones(len(edges), bool)
    is_new[1:] = (edges[1:] != edges[:-1]) | (roles[1:] != roles[:-1])
    return edges[is_new], roles[is_new]


def _write_adjacency(by_id: Adjacency, roles: Array, draft: Draft) -> Array:
    """Write both directions and the levels; the number of each sample in the order of ids."""
    level = levels(by_id, by_id.transposed())
    order = np.argsort(narrowed(level), kind="stable").astype(np.uint32)
    draft.append("level_starts", np.concatenate([[0], np.cumsum(np.bincount(level))]).astype(np.uint64))
    del level
    number_of = np.empty(len(order), np.uint32)
    number_of[order] = np.arange(len(order), dtype=np.uint32)
    draft.append("number_of", number_of)
    counts = np.empty(len(order), np.uint32)
    greatest = int(roles.max(initial=0))
    draft.append("parents", np.empty(0, np.uint32))
    draft.append("roles", np.empty(0, np.min_scalar_type(greatest)))
    for first, end in pieces(len(order)):
        places, counts[first:end] = by_id.edges_of(order[first:end].astype(np.int64))
        draft.append("parents", number_of[by_id.targets[places]])
        draft.append("roles", roles[places])
    parents = Adjacency(offsets_of(counts), draft.mapped("parents"))
    del order, counts
    draft.append("parent_offsets", parents.offsets)
    children = parents.transposed()
    draft.append("child_offsets", children.offsets)
    draft.append("children", children.targets)
    return number_of


def _own(segment: Folder) -> Adjacency:
    """The parents of the segment's samples."""
    return Adjacency(segment.array("offsets"), segment.array("parents"))


def _lacks(own: Adjacency, places: Array, parents: Adjacency) -> Array:
    """For each sample of a segment (bool), whether its record there lacks a parent, or a role, that is known of it."""
    lacks = np.empty(len(places), bool)
    for first, end in pieces(len(places)):
        there = places[first:end].astype(np.int64)
        lacks[first:end] = own.counts_of(np.arange(first, end)) != parents.counts_of(there)
    return lacks


def _mixed(joined: Joined, segments: Sequence[Folder], lacking: Sequence[Array]) -> Array:
    """The samples, in the order of ids, of which a record lacks a parent; maybe some more, where a role differs."""
    found = [np.empty(0, np.int64)]
    for segment, places, heard, lacks in zip(segments, joined.places, joined.heard, lacking, strict=True):
        is_mixed = lacks.copy()
        is_mixed[segment.array("mixed")] = True
        found.append(places[is_mixed if heard is None else is_mixed & heard].astype(np.int64))
    return np.concatenate(found)


def _write_members(number: int, segment: Folder, numbers: Array, size: int, draft: Draft) -> Array:
    """Write the members of a dataset of a graph of ``size`` samples; the rows of all the segment's samples."""
    rows = segment.array("rows")
    by_number = np.zeros(size, rows.dtype)
    by_number[numbers] = rows
    members = np.flatnonzero(by_number).astype(np.uint32)
    draft.append(f"members_{number}", members)
    draft.append(f"rows_{number}", by_number[members])
    return rows


def _write_disputed(number: int, segment: Folder, numbers: Array, is_single: Array, table: Array, draft: Draft) -> None:
    """Write the records of disputed members: those of samples with several, and those that are ``is_single``.

    ``is_single`` by sample of the segment, as ``numbers``, the numbers in the graph. ``table``: the graph's class for
    each of the segment's.
    """
    rows, sample = segment.array("rows"), segment.array("born_sample")
    several = np.flatnonzero(rows[sample] > 0)
    is_single[sample] = False
    single = np.flatnonzero(is_single)
    own = _own(segment)
    born = Adjacency(segment.array("born_offsets"), segment.array("born_parents"))
    of_record = {
        "number": numbers[np.concatenate([sample[several], single])],
        "class": table[np.concatenate([segment.array("born_class")[several], segment.array("class")[single]])],
        "rows": np.concatenate([segment.array("born_rows")[several], rows[single]]),
        "possible": np.concatenate([segment.array("born_possible")[several], np.zeros(len(single), np.uint8)]),
    }
    parents = Adjacency(
        offsets_of(np.concatenate([born.counts_of(several), own.counts_of(single)])),
        numbers[np.concatenate([born.next_to(several), own.next_to(single)])],
    )
    # Stable: the records of a sample stay in the order of the sidecar.
    order = np.argsort(of_record["number"], kind="stable")
    for name, values in of_record.items():
        draft.append(f"born_{name}_{number}", values[order])
    draft.append(f"born_offsets_{number}", offsets_of(parents.counts_of(order)))
    draft.append(f"born_parents_{number}", parents.next_to(order))
