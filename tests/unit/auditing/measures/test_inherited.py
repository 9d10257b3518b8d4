from __future__ import annotations

from pathlib import Path

from support.measuring import take, values
from support.sidecars import Words, record, sample

from provenance.auditing.measures import Doubt, Measured
from provenance.auditing.measures.inherited import MEASURE
from provenance.lineage.records import Activity, ActivityType, StageRun
from provenance.repository import Repository

_ASKED, _PLAIN, _SHELL = (StageRun(name=name) for name in ("ask", "chunk", "shell"))
WORDS = Words(
    activities=(
        Activity(type=ActivityType.DERIVATION, stage=_ASKED, packages={"openai": "2.0", "python": "3.12.1"}),
        Activity(type=ActivityType.DERIVATION, stage=_PLAIN, packages={"pandas": "2.0", "python": "3.12.1"}),
        Activity(type=ActivityType.DERIVATION, stage=_SHELL, packages={"dvc-provenance": "1"}),
        Activity(type=ActivityType.GENERATION, stage=_ASKED, packages={"openai": "2.0", "python": "3.12.1"}),
        Activity(type=ActivityType.COLLECTION),
    )
)


def test_rows_that_only_inherit_are_told_from_those_that_state_a_model(repository: Repository, tmp_path: Path) -> None:
    root = record(sample(1), 0, activity=4)
    derived = {"origin": "real", "parents": [sample(1)]}
    records = [
        root,
        record(sample(2), 3, activity=0, **derived),
        record(sample(3), 2, activity=1, **derived),
        record(sample(4), 4, activity=3, parents=[sample(1)]),
        record(sample(5), 1, activity=4),
        record(sample(6), 0, activity=0, **derived),
        record(sample(7), 5, activity=0, parents=[sample(1)], origin="unknown"),
    ]
    found = take(repository, tmp_path, MEASURE, records, WORDS)
    assert values(found) == {"rows": 5, "fraction": 5 / 15, "beside_generator_rows": 3}
    assert isinstance(found, Measured) and not found.doubts
    assert [(each.sample_id, each.why) for each in found.outstanding] == [
        (sample(2), "its origin is only inherited, and stage ask imported openai")
    ]


def test_where_the_stage_s_packages_are_not_known_its_rows_are_in_doubt(repository: Repository, tmp_path: Path) -> None:
    records = [
        record(sample(1), 0, activity=4),
        record(sample(2), 3, activity=2, origin="real", parents=[sample(1)]),
    ]
    found = take(repository, tmp_path, MEASURE, records, WORDS)
    assert values(found)["beside_generator_rows"] == 0
    assert isinstance(found, Measured)
    assert found.doubts == {"beside_generator_rows": Doubt(3, "what their stage imported is not known")}


def test_an_empty_dataset_has_none(repository: Repository, tmp_path: Path) -> None:
    assert values(take(repository, tmp_path, MEASURE, [])) == {"rows": 0, "fraction": 0.0, "beside_generator_rows": 0}
