from __future__ import annotations

import sys
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from support.sidecars import ledger_of, record, sample, write

from provenance.auditing import measures
from provenance.auditing.measures import Measured, NotMeasured, Part, Subject
from provenance.errors import ProvenanceError
from provenance.repository import Repository


class Theirs:
    """A measure of a third party, which does as it is told."""

    name = "theirs"
    definition = "the number of letters in the dataset's path"
    unit = "letters"
    source = "none"
    needs = "data"

    def __init__(self, behave: Any) -> None:
        self.behave = behave

    def measure(self, subject: Subject) -> Any:
        return self.behave(subject)


def fail(subject: Subject) -> Measured:
    raise ZeroDivisionError("by zero")


PLUGINS = {
    "letters": Theirs(lambda subject: Measured({"letters": len(subject.audited.dataset.path)})),
    "missing": Theirs(lambda subject: NotMeasured("no reference")),
    "failing": Theirs(fail),
    "infinite": Theirs(lambda subject: Measured({"nested": {"value": float("inf")}})),
    "nothing": Theirs(lambda subject: None),
    "hungry": SimpleNamespace(definition="", unit="", source="", needs="everything"),
    "exact_duplicates": Theirs(lambda subject: Measured({"taken": "theirs"})),
}


@pytest.fixture
def plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Entry points of third parties."""
    monkeypatch.setitem(sys.modules, "their_package", SimpleNamespace(**PLUGINS))
    found = [metadata.EntryPoint(name, f"their_package:{name}", measures.ENTRY_POINTS) for name in PLUGINS]
    found.append(metadata.EntryPoint("broken", "no.such.module:X", measures.ENTRY_POINTS))

    def entry_points(*, group: str, name: str | None = None) -> list[metadata.EntryPoint]:
        return [point for point in found if group == point.group and name in (None, point.name)]

    monkeypatch.setattr(measures, "entry_points", entry_points)


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
    assert measures.measures(["letters"])["letters"].definition == Theirs.definition


@pytest.mark.usefixtures("plugins")
@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("missing", "no reference"),
        ("failing", "failing: the plug-in failed: ZeroDivisionError: by zero"),
        ("infinite", "infinite: the plug-in gave what is no result of a measure"),
        ("nothing", "nothing: the plug-in gave what is no result of a measure"),
        ("hungry", "hungry: the plug-in their_package:hungry cannot be loaded: it needs 'everything'"),
        ("broken", "broken: the plug-in no.such.module:X cannot be loaded: No module named 'no'"),
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
