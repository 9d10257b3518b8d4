"""Joining segments into the graph of a revision.

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
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from provenance.ledger.graph.adjacency import Adjacency, counted, levels, narrowed, offsets_of
from provenance.ledger.graph.births import (
    BirthClass,
    ClassNumbers,
    Descriptions,
    classes_of,
    credibility,
    renumbered,
)
from provenance.ledger.graph.identifiers import SampleIds, require_numbers
from provenance.ledger.graph.store import Array, Draft, Folder

if TYPE_CHECKING:
    from provenance.ledger.graph.segments import IndexedSidecar


_SAMPLES_AT_ONCE = 1 << 22


@dataclass(frozen=True)
class Joined:
    """The union of segments' samples, in the order of ids; ``places``: for each segment, where its samples stand.

    ``heard``: for each segment, whether what it says of its samples counts (None: of all of them).
    """

    ids: SampleIds
    places: list[Array]
    heard: list[Array | None]


def write_graph(sidecars: Sequence[IndexedSidecar], segments: Sequence[Folder], draft: Draft) -> None:
    """Join ``segments``, those of ``sidecars``, into ``draft``."""
    joined = _join(sidecars, segments)
    require_numbers("all datasets together", len(joined.ids), "samples")
    own = [Descriptions(**segment.stated["descriptions"]) for segment in segments]
    merged, numbers = Descriptions.merged(own), ClassNumbers()
    roles: dict[str | None, int] = {None: 0}
    tables = [
        numbers.of(renumbered(classes_of(segment.stated), descriptions, merged))
        for segment, descriptions in zip(segments, own, strict=True)
    ]
    best, others = _births(joined, segments, tables, list(numbers.classes))
    parents, edge_roles = _edges(joined, segments, roles)
    number_of = _write_adjacency(parents, edge_roles, draft)
    place_of = np.empty(len(number_of), np.uint32)
    place_of[number_of] = np.arange(len(number_of), dtype=np.uint32)
    draft.append("place_of", place_of)
    draft.append("heads", joined.ids.heads)
    draft.append("tails", joined.ids.tails)
    draft.append("class", narrowed(best)[place_of])
    draft.append("content", narrowed(_contents(joined, segments))[place_of])
    other_sample = number_of[others[0]]
    in_order = np.argsort(other_sample, kind="stable")
    draft.append("other_sample", other_sample[in_order])
    draft.append("other_class", others[1][in_order])
    draft.append("mixed", np.unique(number_of[_mixed(joined, segments, parents)]))
    born_elsewhere = np.zeros(len(number_of), bool)
    born_elsewhere[others[0]] = True
    for number, (segment, places) in enumerate(zip(segments, joined.places, strict=True)):
        rows = _write_members(number, segment, number_of[places], draft)
        lacks = _own(segment).counts != parents.counts[places]
        is_single = (rows > 0) & (born_elsewhere[places] | lacks)
        _write_disputed(number, segment, number_of[places], is_single, tables[number], draft)
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


def _join(sidecars: Sequence[IndexedSidecar], segments: Sequence[Folder]) -> Joined:
    ids, places = _join_ids([_ids(segment) for segment in segments])
    if not any(sidecar.additional for sidecar in sidecars):
        return Joined(ids, places, [None] * len(places))
    known = np.zeros(len(ids), bool)
    for sidecar, of_segment, segment in zip(sidecars, places, segments, strict=True):
        if not sidecar.additional:
            known[of_segment[_says_anything(segment)]] = True
    heard = [
        ~known[of_segment] if sidecar.additional else None for sidecar, of_segment in zip(sidecars, places, strict=True)
    ]
    return Joined(ids, places, heard)


def _says_anything(segment: Folder) -> Array:
    """For each of its samples (bool), whether the segment knows more than that it was named as a parent."""
    explained = np.array([not each.unexplained for each in classes_of(segment.stated)], bool)
    seen: Array = segment.array("content") != 0
    return seen | explained[segment.array("class")] if len(explained) else seen


def _ids(segment: Folder) -> SampleIds:
    return SampleIds(segment.array("heads"), segment.array("tails"), segment.stated["digest_size"])


def _join_ids(parts: Sequence[SampleIds]) -> tuple[SampleIds, list[Array]]:
    """Each id once. A graph has ids of one width: those of another digest cannot be parents of these anyway."""
    if len(parts) == 1:
        return parts[0], [np.arange(len(parts[0]), dtype=np.uint32)]
    width = max((part.width for part in parts), default=16)
    tails = [np.pad(part.tails, ((0, 0), (0, max(0, width - 8) - part.tails.shape[1]))) for part in parts]
    every = SampleIds(
        np.concatenate([np.empty(0, np.uint64), *(part.heads for part in parts)]),
        np.concatenate([np.empty((0, max(0, width - 8)), np.uint8), *tails]),
        width,
    )
    # A stable sort merges runs that are in order already.
    order = np.argsort(every.heads, kind="stable")
    ordered = every[order]
    if not ordered.are_sorted():
        order = np.lexsort((*ordered.tails.T[::-1], ordered.heads))
        order = np.argsort(every.heads, kind="stable")[order]
        ordered = every[order]
    is_first = np.ones(len(order), bool)
    is_first[1:] = ordered.differ_from_next()
    place = np.empty(len(order), np.uint32)
    place[order] = (np.cumsum(is_first) - 1).astype(np.uint32)
    bounds = np.cumsum([len(part) for part in parts])[:-1]
    return ordered[is_first], np.split(place, bounds) if parts else []


def _births(
    joined: Joined, segments: Sequence[Folder], tables: Sequence[Array], classes: Sequence[BirthClass]
) -> tuple[Array, tuple[Array, Array]]:
    """For each sample its most credible class, and every other (sample, class) there is, both in order."""
    ranks = credibility(classes)
    best = np.full(len(joined.ids), len(classes), np.uint32)
    chosen = np.zeros(len(joined.ids), np.uint32)
    stated = [
        _births_stated(segment, places, heard, table)
        for segment, places, heard, table in zip(segments, joined.places, joined.heard, tables, strict=True)
    ]
    for samples, births, first in stated:
        firsts, numbers = samples[:first].astype(np.int64), births[:first]
        # Of equal ones the first sidecar's.
        better = ranks[numbers] < best[firsts]
        best[firsts[better]] = ranks[numbers[better]]
        chosen[firsts[better]] = numbers[better]
    further: list[Array] = []
    for samples, births, _ in stated:
        differ = np.flatnonzero(chosen[samples.astype(np.int64)] != births)
        further.append((samples[differ] << np.uint64(32)) | births[differ].astype(np.uint64))
    keys = np.unique(np.concatenate([np.empty(0, np.uint64), *further]))
    return chosen, ((keys >> np.uint64(32)).astype(np.int64), (keys & np.uint64(2**32 - 1)).astype(np.uint32))


def _births_stated(segment: Folder, places: Array, heard: Array | None, table: Array) -> tuple[Array, Array, int]:
    """What a segment says that counts: samples, their births, and how many of these are its most credible."""
    if not len(table):
        return np.empty(0, np.uint64), np.empty(0, np.uint32), 0
    samples, births = places, table[segment.array("class")]
    others, further = segment.array("other_sample"), table[segment.array("other_class")]
    if heard is not None:
        samples, births = samples[heard], births[heard]
        others, further = others[heard[others]], further[heard[others]]
    every = np.concatenate([samples, places[others]]).astype(np.uint64)
    return every, np.concatenate([births, further]), len(samples)


def _contents(joined: Joined, segments: Sequence[Folder]) -> Array:
    content = np.zeros(len(joined.ids), np.uint64)
    for segment, places in zip(segments, joined.places, strict=True):
        content[places] = np.maximum(content[places], segment.array("content"))
    return content


def _edges(joined: Joined, segments: Sequence[Folder], roles: dict[str | None, int]) -> tuple[Adjacency, Array]:
    """The parents of each sample in the order of ids, each (parent, role) once, and their roles."""
    if len(segments) == 1 and not len(segments[0].array("other_sample")):
        (only,) = segments
        named = np.array([roles.setdefault(role, len(roles)) for role in only.stated["roles"]], np.uint32)
        return Adjacency(only.array("offsets"), only.array("parents")), narrowed(named)[only.array("roles")]
    keys, spoken = [], []
    for segment, places, heard in zip(segments, joined.places, joined.heard, strict=True):
        named = np.array([roles.setdefault(role, len(roles)) for role in segment.stated["roles"]], np.uint32)
        own = _own(segment)
        key, said = np.repeat(places.astype(np.uint64), own.counts), named[segment.array("roles")]
        key <<= np.uint64(32)
        key |= places[own.targets]
        if heard is not None:
            counts = np.repeat(heard, own.counts)
            key, said = key[counts], said[counts]
        keys.append(key)
        spoken.append(said)
    edges = np.concatenate([np.empty(0, np.uint64), *keys])
    said = np.concatenate([np.empty(0, np.uint32), *spoken])
    order = np.lexsort((said, edges))
    edges, said = edges[order], said[order]
    is_new = np.ones(len(edges), bool)
    is_new[1:] = (edges[1:] != edges[:-1]) | (said[1:] != said[:-1])
    edges, said = edges[is_new], said[is_new]
    counts = counted(edges >> np.uint64(32), len(joined.ids))
    return Adjacency(offsets_of(counts), edges.astype(np.uint32)), narrowed(said)


def _write_adjacency(by_id: Adjacency, roles: Array, draft: Draft) -> Array:
    """Write both directions and the levels; the number of each sample in the order of ids."""
    level = levels(by_id, by_id.transposed())
    order = np.argsort(narrowed(level), kind="stable").astype(np.uint32)
    number_of = np.empty(len(order), np.uint32)
    number_of[order] = np.arange(len(order), dtype=np.uint32)
    draft.append("number_of", number_of)
    draft.append("level_starts", np.concatenate([[0], np.cumsum(np.bincount(level))]).astype(np.uint64))
    for start in range(0, max(len(order), 1), _SAMPLES_AT_ONCE):
        places, _ = by_id.edges_of(order[start : start + _SAMPLES_AT_ONCE])
        draft.append("parents", number_of[by_id.targets[places]])
        draft.append("roles", roles[places])
    parents = Adjacency(offsets_of(by_id.counts[order]), draft.mapped("parents"))
    children = parents.transposed()
    draft.append("parent_offsets", parents.offsets)
    draft.append("child_offsets", children.offsets)
    draft.append("children", children.targets)
    return number_of


def _own(segment: Folder) -> Adjacency:
    """The parents of the segment's samples."""
    return Adjacency(segment.array("offsets"), segment.array("parents"))


def _mixed(joined: Joined, segments: Sequence[Folder], parents: Adjacency) -> Array:
    """The samples, in the order of ids, of which a record lacks a parent; maybe some more, where a role differs."""
    found = [np.empty(0, np.int64)]
    for segment, places, heard in zip(segments, joined.places, joined.heard, strict=True):
        lacks = _own(segment).counts != parents.counts[places]
        lacks[segment.array("mixed")] = True
        found.append(places[lacks if heard is None else lacks & heard].astype(np.int64))
    return np.concatenate(found)


def _write_members(number: int, segment: Folder, numbers: Array, draft: Draft) -> Array:
    """Write the members of a dataset; the rows of all the segment's samples."""
    rows = segment.array("rows")
    members = np.flatnonzero(rows)
    order = np.argsort(numbers[members])
    draft.append(f"members_{number}", numbers[members][order])
    draft.append(f"rows_{number}", narrowed(rows[members])[order])
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
