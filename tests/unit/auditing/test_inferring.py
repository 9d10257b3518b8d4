from __future__ import annotations

from collections import Counter
from itertools import pairwise
from math import log, sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.pools import prose, texts_in

from provenance.auditing import inferring
from provenance.auditing.inferring import Candidate, candidates
from provenance.auditing.texts.groups import Group
from provenance.auditing.texts.words import spelled
from provenance.errors import ProvenanceError
from provenance.identity import sample_id

PICK = np.random.default_rng(7)
PARENTS = prose(PICK, 150, words_a_row=25)
MIXED = [
    " ".join([*PICK.permutation(PARENTS[row].split())[:20], *PARENTS[row - 40].split()[:3]]) for row in range(50, 110)
]
CHILDREN = [*MIXED, *prose(PICK, 20), PARENTS[3], "nothing known", ""]


def identifier(text: str) -> str:
    return sample_id({"text": text})


def features(text: str) -> Counter[tuple[str, ...]]:
    found = spelled(text)
    return Counter([(word,) for word in found] + list(pairwise(found)))


def by_hand(parents: list[str], children: list[str]) -> dict[str, tuple[str, float, float]]:
    """For each child, by dictionaries: the best parent, its cosine, and that of the second best."""
    frequencies = Counter(feature for text in parents for feature in features(text))
    in_rows = Counter(feature for text in parents for feature in set(features(text)))
    assert frequencies.total()

    def vector(text: str) -> dict[tuple[str, ...], float]:
        weights = {
            feature: (1 + log(count)) * (1 + log((1 + len(parents)) / (1 + in_rows[feature])))
            for feature, count in features(text).items()
            if 0 < in_rows[feature] <= 100
        }
        length = sqrt(sum(weight * weight for weight in weights.values()))
        return {feature: weight / length for feature, weight in weights.items()}

    vectors = {text: vector(text) for text in parents}
    best = {}
    for child in children:
        own = vector(child)
        scores = sorted(
            ((sum(own[f] * other.get(f, 0) for f in own), text) for text, other in vectors.items() if text != child),
            reverse=True,
        )
        best[identifier(child)] = (identifier(scores[0][1]), scores[0][0], scores[1][0])
    return best


@pytest.mark.parametrize(("values", "cells"), [(4_000_000, 4_000_000), (1, 1)])
def test_agrees_with_vectors_by_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, values: int, cells: int) -> None:
    monkeypatch.setattr(inferring, "_BLOCK_VALUES", values)
    monkeypatch.setattr(inferring, "_PRODUCT_CELLS", cells)
    children = Group(texts_in(tmp_path, "children", [{"text": text} for text in CHILDREN]), "children")
    parents = Group(texts_in(tmp_path, "parents", [{"text": text} for text in [*PARENTS, PARENTS[60]]]), "parents")
    found = candidates(children, parents, 0.0)
    # What stands in a parent twice counts once for how rare it is; but that parent's copy is one more row.
    expected = by_hand([*PARENTS, PARENTS[60]], [text for text in CHILDREN if text != "nothing known" and text])
    assert found.unknown == len(expected)
    assert {each.sample_id for each in found.candidates} <= expected.keys()
    exact = 0
    for each in found.candidates:
        parent, score, second = expected[each.sample_id]
        if (each.score, each.margin) == pytest.approx((score, score - second), abs=1e-6):
            assert each.parent == parent or each.margin < 1e-6
            exact += 1
    # A few of some thousand features share one of the 16 million numbers that stand for them.
    assert exact > 0.9 * len(expected)


def test_the_parent_is_named_and_a_text_that_resembles_many_has_none(tmp_path: Path) -> None:
    children = Group(texts_in(tmp_path, "children", [{"text": text} for text in CHILDREN]), "children")
    parents = Group(texts_in(tmp_path, "parents", [{"text": text} for text in PARENTS]), "parents")
    found = {each.sample_id: each for each in candidates(children, parents, 0.08).candidates}
    for row, text in enumerate(MIXED, start=50):
        assert found[identifier(text)].parent == identifier(PARENTS[row])
    assert not found.keys() & {identifier(text) for text in CHILDREN[60:80]}


def test_a_sample_is_not_its_own_parent(tmp_path: Path) -> None:
    group = Group(texts_in(tmp_path, "same", [{"text": text} for text in PARENTS]), "same")
    assert all(each.parent != each.sample_id for each in candidates(group, group, 0.0).candidates)


def test_a_copy_of_the_parent_does_not_rival_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inferring, "_BLOCK_VALUES", 1)
    parents = Group(texts_in(tmp_path, "parents", [{"text": text} for text in PARENTS * 2]), "parents")
    child = f"{PARENTS[5]} and so on"
    children = Group(texts_in(tmp_path, "children", [{"text": child}, {"text": child}]), "children")
    (found,) = candidates(children, parents, 0.3).candidates
    assert isinstance(found, Candidate)
    assert (found.sample_id, found.parent) == (identifier(child), identifier(PARENTS[5]))


def test_few_possible_parents_are_said_to_be_few(tmp_path: Path) -> None:
    children = Group(texts_in(tmp_path, "children", [{"text": "one two three four"}]), "children")
    for many in (1, 19, 20):
        rows = [{"text": f"one two {row}"} for row in range(many)]
        parents = Group(texts_in(tmp_path, f"of {many}", rows), "parents")
        found = candidates(children, parents, 0.0)
        assert (found.possible_parents, found.has_few_possible_parents) == (many, many < 20)


def test_nothing_to_compare_gives_nothing(tmp_path: Path) -> None:
    empty = Group(texts_in(tmp_path, "empty", []), "empty")
    some = Group(texts_in(tmp_path, "some", [{"text": "a b c"}]), "some")
    assert candidates(empty, some, 0.0) == inferring.Inference(0, None, (), 1)


@pytest.mark.parametrize("rows", [[], [{"text": "?!"}], [{"text": 1}], [{"text": "all the same"}] * 150])
def test_parents_without_words_that_tell_them_apart_are_refused(tmp_path: Path, rows: list[dict[str, Any]]) -> None:
    parents = Group(texts_in(tmp_path, "parents", rows), "documents.jsonl")
    some = Group(texts_in(tmp_path, "some", [{"text": "all the same"}]), "some")
    with pytest.raises(ProvenanceError, match=r"^documents\.jsonl: has no words that distinguish one row from another"):
        candidates(some, parents, 0.0)


def test_the_best_of_texts_that_are_hardly_alike_is_no_candidate(tmp_path: Path) -> None:
    children = Group(texts_in(tmp_path, "children", [{"text": text} for text in CHILDREN]), "children")
    parents = Group(texts_in(tmp_path, "parents", [{"text": text} for text in PARENTS]), "parents")
    every = candidates(children, parents, 0.05).candidates
    some = candidates(children, parents, 0.05, 0.4).candidates
    assert some == tuple(each for each in every if each.score >= 0.4)
    assert 0 < len(some) < len(every)


@pytest.mark.parametrize(
    ("text", "shared"),
    [("eins zwei drei vier", 0.0), ("one zwei drei", 1 / 3), ("one two, three. four", 1.0), ("?!", None)],
)
def test_few_shared_words_may_be_another_language(tmp_path: Path, text: str, shared: float | None) -> None:
    parents = Group(texts_in(tmp_path, "parents", [{"text": "one two three"}, {"text": "three four five"}]), "parents")
    children = Group(texts_in(tmp_path, "children", [{"text": text}]), "children")
    found = candidates(children, parents, 0.0)
    assert found.words_shared == (None if shared is None else pytest.approx(shared))
    assert found.may_be_of_another_language == (shared is not None and shared < 0.5)
