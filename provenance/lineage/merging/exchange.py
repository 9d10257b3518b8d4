"""Every id that occurs gets a number, in the order of the ids, also where parents are in another range of ids.

Ranges ask each other: each leaves the ids of its parents to the ranges these are in, in an order that it finds again,
and takes their numbers from there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from provenance.identity.id_order import leading_bits
from provenance.lineage.merging.inputs import Range
from provenance.lineage.merging.numbering import Ids, Numbers, numbered, starts_of
from provenance.lineage.merging.work import NUMBERED, Hands, Work, done

_ASKED, _ANSWERS, _OWN, _PLACES, _ORDER = "asked", "answers", "own", "places", "order"
_IDS = "ids"


@dataclass(frozen=True)
class Numbered:
    """The samples of a range: ``ids``, the first of which is number ``first`` among all.

    By their places in ``ids``, which samples rows, births, what was entered, and known records are of; and, among all
    samples, whom the last three have as parents.
    """

    first: int
    ids: Ids
    of_rows: Numbers
    of_births: Numbers
    of_entered: Numbers
    of_known: Numbers
    parents_of_births: Numbers
    parents_of_entered: Numbers
    parents_of_known: Numbers

    @property
    def count(self) -> int:
        return len(self.ids)


def number_all(work: Work, hands: Hands) -> Numbers:
    """Number the samples of all ranges; the numbers with which these begin, and the end of the last."""
    if len(work.spans) == 1:
        return starts_of(np.array([*hands.each(_number_alone, work.spans)]))
    done(hands.each(_ask, work.spans))
    firsts = starts_of(np.array([*hands.each(_answer, work.spans)]))
    done(hands.each(partial(_take_answers, firsts), work.spans))
    return firsts


def _number_alone(work: Work, number: int) -> int:
    own, parents = _ids(work.inputs.read(number), work.digest_size)
    ids, numbers = numbered([*own, *parents])
    work.shelf.put(number, NUMBERED, Numbered(0, ids, *numbers))
    return len(ids)


def _ask(work: Work, number: int) -> None:
    """Leave the ids of a range's parents to the ranges these are in."""
    own, by_source = _ids(work.inputs.read(number), work.digest_size)
    bits, parents = work.inputs.spans[number].bits, np.concatenate(by_source)
    targets = leading_bits(parents, bits)
    order = np.argsort(targets, kind="stable")
    ends = np.cumsum(np.bincount(targets, minlength=1 << bits))
    work.shelf.leave(number, _ASKED, [parents[at] for at in np.split(order, ends[:-1])])
    work.shelf.put(number, _OWN, own)
    work.shelf.put(number, _ORDER, (order, np.cumsum([len(each) for each in by_source])))


def _answer(work: Work, number: int) -> int:
    """Number the ids of a range, and leave those of the parents that others asked for; how many ids there are."""
    asked = work.shelf.left(number, _ASKED, len(work.spans))
    ids, numbers = numbered(
        [*work.shelf.take(number, _OWN), np.concatenate(asked).reshape(-1, work.digest_size)],
    )
    ends = np.cumsum([len(each) // work.digest_size for each in asked])
    work.shelf.leave(number, _ANSWERS, np.split(numbers[-1], ends[:-1]))
    work.shelf.put(number, _IDS, ids)
    work.shelf.put(number, _PLACES, numbers[:-1])
    return len(ids)


def _take_answers(firsts: Numbers, work: Work, number: int) -> None:
    """Have the numbers of a range's parents. ``firsts``: with which the ranges begin."""
    order, ends = work.shelf.take(number, _ORDER)
    answers = [each.view(np.int64) for each in work.shelf.left(number, _ANSWERS, len(work.spans))]
    found = np.empty(len(order), np.int64)
    found[order] = np.concatenate([each + first for each, first in zip(answers, firsts[:-1], strict=True)])
    own, ids = work.shelf.take(number, _PLACES), work.shelf.take(number, _IDS)
    work.shelf.put(number, NUMBERED, Numbered(int(firsts[number]), ids, *own, *np.split(found, ends[:-1])))


def _ids(found: Range, size: int) -> tuple[Sequence[Ids], Sequence[Ids]]:
    """The ids of samples, and those of parents."""
    nothing = np.empty((0, size), np.uint8)
    births, entered, known = found.births, found.entered, found.known
    of_births = nothing if births is None or births.ids is None else births.ids
    own = [found.rows.ids, of_births, nothing if entered is None else entered.ids, known.ids]
    parents = [births, entered]
    return own, [*(nothing if each is None else each.parents for each in parents), known.parents]
