from __future__ import annotations

import itertools
import math
from collections import Counter

import numpy as np
import pytest

from provenance.auditing.chance.deals import Deals
from provenance.auditing.chance.hashing import mixed

DRAWS = 8000


def keys(count: int, salt: int = 1) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    return mixed(np.arange(count, dtype=np.uint64), salt)


def first(count: int, compared: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    return np.arange(count) < compared


def times(deals: Deals) -> Counter[tuple[bool, ...]]:
    return Counter(tuple(deals.labels(number).tolist()) for number in range(1, DRAWS + 1))


def test_rows_without_families_are_dealt_in_every_way_alike_often() -> None:
    ids = keys(7)
    deals = Deals(first(7, 3), ids, ids, seed=0)
    seen = times(deals)
    assert len(seen) == math.comb(7, 3) and all(sum(labels) == 3 for labels in seen)
    expected = DRAWS / math.comb(7, 3)
    chi_square = sum((count - expected) ** 2 / expected for count in seen.values())
    assert chi_square < 66  # 34 degrees of freedom: exceeded once in a thousand times
    assert deals.log_arrangements == pytest.approx(math.log10(math.comb(7, 3)))
    assert deals.are_of_rows and deals.families == (3, 4)
    assert deals.design == "7 rows dealt one by one"


def test_families_of_one_group_are_dealt_whole_among_those_of_about_their_size() -> None:
    # Compared: families of 3, 1, 1; reference: of 2, 1.
    family = np.array([0, 0, 0, 1, 2, 3, 3, 4])
    deals = Deals(first(8, 5), keys(8), keys(5, 2)[family], seed=0)
    seen = times(deals)
    # One of the two large families, and two of the three rows.
    assert len(seen) == 2 * 3
    for labels in seen:
        assert labels[0] == labels[1] == labels[2] != labels[5] and labels[5] == labels[6]
        assert labels[3] + labels[4] + labels[7] == 2
    assert 10**deals.log_arrangements == pytest.approx(6)
    assert not deals.are_of_rows and deals.families == (3, 2)
    assert deals.design == "5 families of 8 rows dealt whole"


def test_labels_within_families_of_both_groups_are_dealt_among_their_rows() -> None:
    family = np.array([0, 1, 2, 0, 1, 1])  # two pairs of a child and its parents, and one child alone
    deals = Deals(np.array([True, True, True, False, False, False]), keys(6), keys(3, 2)[family], seed=0)
    seen = times(deals)
    assert len(seen) == 2 * 3
    for labels in seen:
        assert labels[0] != labels[3] and labels[1] + labels[4] + labels[5] == 1 and labels[2]
    assert deals.fixed_rows == 1
    assert deals.design == "1 row dealt one by one; labels dealt within 2 families in both groups"


def test_a_text_that_both_groups_hold_is_dealt_like_other_rows_of_its_family() -> None:
    ids = keys(3)[[0, 1, 0, 2]]
    deals = Deals(np.array([True, True, False, False]), ids, keys(1, 2)[[0, 0, 0, 0]], seed=0)
    seen = times(deals)
    assert len(seen) == math.comb(4, 2)
    assert all(abs(count - DRAWS / 6) < 5 * math.sqrt(DRAWS / 6) for count in seen.values())


def test_texts_that_both_groups_hold_are_no_way_to_deal() -> None:
    ids = keys(8)[[0, 1, 2, 3, 4, 0, 1, 2, 5, 6, 7]]  # three texts of both groups, two of one and three of the other
    deals = Deals(first(11, 5), ids, ids, seed=0)
    assert deals.straddling.copies == 3 and deals.shared == (3 / 5, 3 / 6)
    assert 10**deals.log_arrangements == pytest.approx(math.comb(5, 2))
    assert deals.design == "5 rows dealt one by one; 3 texts that both groups hold left in both"
    # With a relative of its own such a text can be dealt.
    related = ids.copy()
    related[3] = related[0]
    assert Deals(first(11, 5), ids, related, seed=0).straddling.copies == 2


def test_a_deal_depends_on_the_seed_and_not_on_the_order_of_rows() -> None:
    compared, ids = first(60, 20), keys(60)
    families = keys(40, 2)[np.arange(60) % 40]
    deals = Deals(compared, ids, families, seed=5)
    order = np.random.default_rng(0).permutation(60)
    shuffled = Deals(compared[order], ids[order], families[order], seed=5)
    for number in (1, 2, 77):
        assert (deals.labels(number)[order] == shuffled.labels(number)).all()
        assert (deals.labels(number) != Deals(compared, ids, families, seed=6).labels(number)).any()
    for _ in range(2):  # the second time it is kept
        assert (deals.batch(3, 4)[:, 1] == deals.labels(4)).all()


def test_rows_that_no_deal_moves_are_counted() -> None:
    # Compared rows come in families of four, the reference's one by one.
    families = np.concatenate([keys(5, 2)[np.arange(20) // 4], keys(30, 3)])
    deals = Deals(first(50, 20), keys(50), families, seed=0)
    assert deals.fixed_rows == 50 and deals.log_arrangements == 0
    assert (deals.labels(1) == first(50, 20)).all()


def test_ways_to_deal_are_those_of_the_textbook() -> None:
    assert Deals(first(10, 5), keys(10), keys(10), 0).log_arrangements == pytest.approx(math.log10(252))
    assert len(list(itertools.combinations(range(12), 6))) == 924
    assert Deals(first(12, 6), keys(12), keys(12), 0).log_arrangements == pytest.approx(math.log10(924))
