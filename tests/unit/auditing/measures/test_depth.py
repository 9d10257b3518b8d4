from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.measuring import take, values
from support.sidecars import ledger_of, record, sample
from support.workbench import Workbench, identifier

from provenance.auditing.measures import Measured, NotMeasured, Part, Subject
from provenance.auditing.measures.depth import MEASURE
from provenance.repository import Repository


def test_nine_generations_without_fresh_real_data(repository: Repository, tmp_path: Path, workbench: Workbench) -> None:
    """As in Shumailov et al. 2024: each of nine generations is written from the one before."""
    source = workbench.collected("0.jsonl", [{"text": "people wrote this"}])
    parent = {"text": "people wrote this"}
    for generation in range(1, 10):
        row = {"text": f"generation {generation}"}
        source = workbench.generated(f"{generation}.jsonl", [row], [[identifier(parent)]], [source])
        parent = row
    assert source.sidecar is not None
    with ledger_of(repository, source.sidecar) as ledger:
        found = MEASURE.measure(Subject(Part(ledger, ledger.recorded[0]), tmp_path))
    assert values(found) == {
        "max": 9,
        "mean": 9.0,
        "deep_fraction": 1.0,
        "unknown_fraction": 0.0,
        "max_without_real_ancestor": 0,
        "fractions": {"9": 1.0},
    }


def test_rows_are_counted_at_their_depth_and_the_deepest_stand_out(repository: Repository, tmp_path: Path) -> None:
    found = take(
        repository,
        tmp_path,
        MEASURE,
        [
            record(sample(1), 4, depth=0, real_rooted=True),
            record(sample(2), 2, depth=1, real_rooted=True, parents=[sample(1)]),
            record(sample(3), 1, depth=3, real_rooted=False, origin="synthetic"),
            record(sample(4), 1, depth=2, real_rooted=None, origin="synthetic"),
            record(sample(5), 2, origin="unknown"),
            record(sample(6), 0, depth=7, real_rooted=False, origin="synthetic"),
        ],
    )
    assert values(found) == {
        "max": 3,
        "mean": pytest.approx((0 * 4 + 1 * 2 + 3 + 2) / 8),
        "deep_fraction": 0.2,
        "unknown_fraction": pytest.approx(0.2),
        "max_without_real_ancestor": 3,
        "fractions": {"0": 0.4, "1": 0.2, "2": 0.1, "3": 0.1},
    }
    assert isinstance(found, Measured) and [each.sample_id for each in found.outstanding] == [sample(3)]


def test_of_no_rows_there_is_no_depth(repository: Repository, tmp_path: Path) -> None:
    assert take(repository, tmp_path, MEASURE, []) == NotMeasured("mix.jsonl: has no rows")


AMBIGUOUS = [
    record(sample(1), 1, depth=0, real_rooted=True),
    record(sample(2), 0, origin="synthetic", depth=1, real_rooted=True, possible_rows=1, ambiguous_rows=1),
    record(sample(2), 0, origin="synthetic", depth=3, real_rooted=True, possible_rows=1),
]
UNKNOWN = record(sample(3), 2, origin="unknown")
IN_DOUBT = record(sample(4), 2, origin="synthetic", doubts=0b0100000)


@pytest.mark.parametrize(
    ("others", "mean", "deep"),
    [
        ([], (1.0, 1.5), (0.5, 0.5)),
        ([UNKNOWN], (None, 1.5), (0.75, 0.25)),  # Of all reasons there is no bound of a mean; a fraction has one.
        ([IN_DOUBT], (None, None), (0.75, 0.75)),  # These rows are ambiguous themselves, and may be of any depth.
        ([UNKNOWN, IN_DOUBT], (None, None), (5 / 6, 3 / 6)),
    ],
)
def test_a_doubt_says_what_bounds_it(
    repository: Repository,
    tmp_path: Path,
    others: list[dict[str, Any]],
    mean: tuple[float | None, float | None],
    deep: tuple[float, float],
) -> None:
    found = take(repository, tmp_path, MEASURE, [*AMBIGUOUS, *others])
    assert isinstance(found, Measured)
    doubt = found.doubts["mean"]
    assert (doubt.more, doubt.at_most) == mean
    doubt = found.doubts["deep_fraction"]
    assert doubt.more == pytest.approx(deep[0])
    assert doubt.at_most == pytest.approx(deep[1])
