from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.plugged import toy_package
from support.sidecars import ledger_of, record, sample, write

from provenance.auditing import measures
from provenance.auditing.measures import NotMeasured, Part, Subject
from provenance.errors import ProvenanceError
from provenance.repository import Repository


@pytest.fixture(scope="module")
def plugins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Measures of a third party."""
    with toy_package(tmp_path_factory.mktemp("plugins")):
        yield


def taken(repository: Repository, folder: Path, *names: str, **options: Any) -> Any:
    path = write(folder, "mix.jsonl", [record(sample(1), 2), record(sample(2), 1)])
    with ledger_of(repository, path) as ledger:
        subject = Subject(Part(ledger, ledger.recorded[0]), folder)
        return measures.take(subject, names or None, **options)


def test_every_measure_of_ours_says_what_it_is() -> None:
    names = measures.measure_names()
    assert "exact_duplicates" in names and "interface" not in names and "plugins" not in names
    for name, measure in measures.measures().items():
        assert measure.name == name
        assert measure.definition and measure.unit and measure.source
        assert measure.needs in ("lineage", "graph", "data")


def test_an_unknown_measure_is_told_with_those_there_are(repository: Repository, tmp_path: Path) -> None:
    with pytest.raises(ProvenanceError, match="exact_duplicats: no such measure; there are .*exact_duplicates"):
        taken(repository, tmp_path, "exact_duplicats")


@pytest.mark.usefixtures("plugins")
def test_measures_of_others_are_entry_points_and_of_one_name_ours_is_taken(
    repository: Repository, tmp_path: Path
) -> None:
    found = taken(repository, tmp_path, "letters", "exact_duplicates")
    assert found["letters"].values == {"letters": len("mix.jsonl")}
    assert found["exact_duplicates"].values["duplicate_rows"] == 1
    assert measures.measures(["letters"])["letters"].definition == "the number of letters in the dataset's path"


@pytest.mark.usefixtures("plugins")
@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("missing", "no reference"),
        ("failing", "failing: the plug-in failed: ZeroDivisionError: by zero"),
        ("infinite", "infinite: the plug-in returned no sound Measured and no NotMeasured"),
        ("nothing", "nothing: the plug-in returned no sound Measured and no NotMeasured"),
        (
            "hungry",
            "the plug-in hungry = toy_lineage:hungry (provenance.measures) cannot be loaded: its needs are",
        ),
        ("broken", "the plug-in broken = toy_lineage:missing_name (provenance.measures) cannot be loaded: Attribute"),
        ("absent", "the plug-in absent = no.such.module:X (provenance.measures) cannot be loaded: ModuleNotFound"),
    ],
)
def test_what_others_wrote_cannot_end_an_audit(repository: Repository, tmp_path: Path, name: str, reason: str) -> None:
    found = taken(repository, tmp_path, name)[name]
    assert isinstance(found, NotMeasured)
    assert found.reason.startswith(reason)


@pytest.mark.usefixtures("plugins")
def test_measures_are_chosen_by_what_they_need(repository: Repository, tmp_path: Path) -> None:
    assert list(taken(repository, tmp_path, "letters", "exact_duplicates", needs="data")) == ["letters"]
    assert list(taken(repository, tmp_path, "letters", "exact_duplicates", needs="lineage")) == ["exact_duplicates"]
