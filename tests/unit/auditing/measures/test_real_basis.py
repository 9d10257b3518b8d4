from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.measuring import take, values
from support.sidecars import record, sample

from provenance.auditing.measures import Measured, NotMeasured
from provenance.auditing.measures.real_basis import MEASURE
from provenance.repository import Repository


def rows(**groups: int) -> list[dict[str, Any]]:
    """A sample for each group, with as many rows: real, rooted or bare (synthetic), unsure (of its roots), unknown."""
    stated: dict[str, dict[str, Any]] = {
        "real": {"origin": "real", "real_rooted": True},
        "rooted": {"origin": "synthetic", "real_rooted": True},
        "bare": {"origin": "synthetic", "real_rooted": False},
        "unsure": {"origin": "synthetic", "real_rooted": None},
        "unknown": {"origin": "unknown", "real_rooted": None},
    }
    return [record(sample(number), groups[name], **stated[name]) for number, name in enumerate(groups)]


@pytest.mark.parametrize(
    ("groups", "fraction", "more"),
    [
        ({"real": 1, "bare": 999}, 0.001, 0),
        ({"real": 3, "bare": 1}, 0.75, 0),
        ({"real": 7}, 1.0, 0),
        # A derived set that is wholly rooted is another case than a mix, of which only some rows are.
        ({"rooted": 5}, 1.0, 0),
        ({"real": 1, "rooted": 4}, 1.0, 0),
        ({"rooted": 4, "bare": 1}, 0.0, 0),
        ({"real": 1, "rooted": 3, "bare": 1}, 0.2, 0),
        # What is not known may be real, may be rooted, and may decide which case it is.
        ({"bare": 3, "unknown": 1}, 0.0, 0.25),
        ({"bare": 3, "unsure": 1}, 0.0, 0),
        ({"rooted": 3, "unsure": 1}, 0.0, 1.0),
        ({"real": 1, "rooted": 2, "unknown": 1}, 0.25, 0.75),
    ],
)
def test_a_share_of_real_rows_or_wholly_rooted(
    repository: Repository, tmp_path: Path, groups: dict[str, int], fraction: float, more: float
) -> None:
    found = take(repository, tmp_path, MEASURE, rows(**groups))
    assert isinstance(found, Measured)
    assert found.values["fraction"] == pytest.approx(fraction)
    assert (found.doubts["fraction"].more if "fraction" in found.doubts else 0) == pytest.approx(more)
    total = sum(groups.values())
    rooted = groups.get("real", 0) + groups.get("rooted", 0)
    assert values(found)["rooted_fraction"] == pytest.approx(rooted / total)
    assert values(found)["wholly_rooted"] == (rooted == total)


def test_nothing_has_no_basis(repository: Repository, tmp_path: Path) -> None:
    assert isinstance(take(repository, tmp_path, MEASURE, []), NotMeasured)
