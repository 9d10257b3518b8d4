from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from support.pools import texts_in

from provenance.auditing.measures import NotMeasured
from provenance.auditing.texts import field_values as module
from provenance.auditing.texts.field_values import NO_VALUE, FieldValues, field_values
from provenance.auditing.texts.groups import Comparison, Group

FIELD = ("language",)


def groups_of(folder: Path, compared: Sequence[str | None], reference: Sequence[str | None]) -> Comparison:
    def group(name: str, values: Sequence[str | None]) -> Group:
        rows = [{"text": f"{name} {number}", "language": value} for number, value in enumerate(values)]
        return Group(texts_in(folder, name, rows, FIELD), f"{name}.jsonl: all rows")

    return Comparison(group("compared", compared), group("reference", reference))


def test_values_are_counted_in_both_groups(tmp_path: Path) -> None:
    found = field_values(groups_of(tmp_path, ["en"] * 3 + ["fr"], ["en", "de", None]), "language", 0)
    assert isinstance(found, FieldValues)
    assert found.values == (NO_VALUE, "de", "en", "fr")
    assert (found.compared.tolist(), found.reference.tolist()) == ([0, 0, 3, 1], [1, 1, 1, 0])


def test_chance_is_that_of_dealing_out_the_rows_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PERMUTATIONS", 4000)
    compared, reference = ["a"] * 30 + ["b"] * 20, ["a"] * 60 + ["c"] * 40
    found = field_values(groups_of(tmp_path, compared, reference), "language", 0)
    assert isinstance(found, FieldValues)
    pick = np.random.default_rng(1)
    dealt = [pick.permutation(compared + reference)[:50].tolist() for _ in range(4000)]
    counts = np.array([[hand.count(value) for value in "abc"] for hand in dealt])
    assert (found.permuted.sum(axis=1) == 50).all()
    assert found.permuted.mean(axis=0) == pytest.approx(counts.mean(axis=0), abs=0.25)
    assert found.permuted.std(axis=0) == pytest.approx(counts.std(axis=0), rel=0.06)


@pytest.mark.parametrize(
    ("compared", "reference", "reason"),
    [
        ([None, None], [None], "compared.jsonl: all rows: the field language is in no row that is compared"),
        (["en"], [], "reference.jsonl: all rows: there are none"),
        ([str(number) for number in range(10_001)], ["1"], "compared.jsonl: all rows: language has more than 10,000"),
    ],
)
def test_what_cannot_be_compared(
    tmp_path: Path, compared: Sequence[str | None], reference: Sequence[str | None], reason: str
) -> None:
    found = field_values(groups_of(tmp_path, compared, reference), "language", 0)
    assert isinstance(found, NotMeasured)
    assert found.reason.startswith(reason)
