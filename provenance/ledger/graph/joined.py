"""The samples of several segments as one list, in the order of their ids: where in it each segment's samples stand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from provenance.ledger.graph.adjacency import pieces
from provenance.ledger.graph.births import classes_of
from provenance.ledger.graph.identifiers import SampleIds, require_numbers
from provenance.ledger.graph.store import Array, Draft, Folder

if TYPE_CHECKING:
    from provenance.ledger.graph.segments import IndexedSidecar


@dataclass(frozen=True)
class Joined:
    """The union of segments' samples, in the order of ids; ``places``: for each segment, where its samples stand.

    ``heard``: for each segment, whether what it says of its samples counts (None: of all of them).
    """

    ids: SampleIds
    places: list[Array]
    heard: list[Array | None]

    def pieces(self) -> Iterator[tuple[int, int, list[slice]]]:
        """Parts of the union that are worked on at once: the first place, the one behind the last, and for each segment
        its samples there. Memory then does not grow with all samples, but for what is kept of each."""
        for first, end in pieces(len(self.ids)):
            # Of the same type, or all places would be copied to compare them.
            bounds = np.array([first, end], np.uint32)
            yield first, end, [slice(*map(int, np.searchsorted(places, bounds))) for places in self.places]


def join(sidecars: Sequence[IndexedSidecar], segments: Sequence[Folder], draft: Draft) -> Joined:
    """The samples of all ``segments``, those of ``sidecars``; writes their ids.

    Raises:
        SidecarError: there are more than can be numbered.
    """
    ids, places = _join_ids([_ids(segment) for segment in segments], draft)
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


def _join_ids(parts: Sequence[SampleIds], draft: Draft) -> tuple[SampleIds, list[Array]]:
    """Each id once, which are written too, and for each of ``parts`` where its ids stand among these.

    A graph has ids of one width: those of another digest cannot be parents of these anyway.
    """
    if len(parts) == 1:
        require_numbers("all datasets together", len(parts[0]), "samples")
        _append_ids(draft, parts[0])
        return parts[0], [np.arange(len(parts[0]), dtype=np.uint32)]
    width = max((part.width for part in parts), default=16)
    places = [np.empty(len(part), np.uint32) for part in parts]
    _append_ids(draft, SampleIds.of_bytes(np.empty((0, width), np.uint8)))
    count = 0
    for cut in _cut(parts):
        ids, of_cut = _join_some([part[piece] for part, piece in zip(parts, cut, strict=True)], width)
        require_numbers("all datasets together", count + len(ids), "samples")
        for of_part, piece, found in zip(places, cut, of_cut, strict=True):
            of_part[piece] = found + count
        _append_ids(draft, ids)
        count += len(ids)
    return SampleIds(draft.mapped("heads"), draft.mapped("tails"), width), places


def _append_ids(draft: Draft, ids: SampleIds) -> None:
    draft.append("heads", ids.heads)
    draft.append("tails", ids.tails)


def _cut(parts: Sequence[SampleIds]) -> Iterator[list[slice]]:
    """Pieces of all ``parts`` that have the ids between two of them; ids are digests, so pieces are equally large."""
    number = len([*pieces(sum(map(len, parts)))])
    starts = [0] * len(parts)
    for piece in range(1, number + 1):
        bound = np.uint64(piece * 2**64 // number - 1)
        ends = [int(np.searchsorted(part.heads, bound, "right")) for part in parts]
        yield [slice(*each) for each in zip(starts, ends, strict=True)]
        starts = ends


def _join_some(parts: Sequence[SampleIds], width: int) -> tuple[SampleIds, list[Array]]:
    tails = [np.pad(part.tails, ((0, 0), (0, max(0, width - 8) - part.tails.shape[1]))) for part in parts]
    every = SampleIds(np.concatenate([part.heads for part in parts]), np.concatenate(tails), width)
    # A stable sort merges runs that are in order already.
    order = np.argsort(every.heads, kind="stable")
    ordered = every[order]
    if not ordered.are_sorted():
        order = np.lexsort((*ordered.tails.T[::-1], ordered.heads))
        order = np.argsort(every.heads, kind="stable")[order]
        ordered = every[order]
    is_first = np.ones(len(order), bool)
    is_first[1:] = ordered.differ_from_next()
    place = np.empty(len(order), np.int64)
    place[order] = np.cumsum(is_first) - 1
    bounds = np.cumsum([len(part) for part in parts])[:-1]
    return ordered[is_first], np.split(place, bounds)
