from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.sidecars import ledger_of, record, sample, write

from provenance.auditing.measures import Measured, NotMeasured, Part, Subject
from provenance.auditing.measures.declared_actual import MEASURE
from provenance.repository import Repository


@pytest.fixture
def folder(repository: Repository, tmp_path: Path) -> Path:
    """A folder of the repository, for a card of its own."""
    made = repository.root / tmp_path.name
    made.mkdir(exist_ok=True)
    return made


def measured(
    repository: Repository, folder: Path, card: str | bytes, name: str = "train.jsonl", others: tuple[str, ...] = ()
) -> Measured | NotMeasured:
    """What is measured of ``name``, a dataset of three rows in the folder of the card."""
    content = card if isinstance(card, bytes) else f"---\n{card}\n---\n# Title\n".encode()
    (folder / "README.md").write_bytes(content)
    datasets = [f"{folder.name}/{each}" for each in (name, *others)]
    paths = [write(repository.root, dataset, [record(sample(1), 3)]) for dataset in datasets]
    with ledger_of(repository, *paths) as ledger:
        return MEASURE.measure(Subject(Part(ledger, ledger.recorded[0]), folder))


def info(**splits: int) -> str:
    listed = ", ".join(f"{{name: {name}, num_examples: {count}}}" for name, count in splits.items())
    return f"dataset_info: {{splits: [{listed}]}}"


@pytest.mark.parametrize(
    ("card", "expected"),
    [
        (info(train=3), {"stated_rows": 3, "difference": 0, "matches": True}),
        (info(train=53), {"stated_rows": 53, "difference": 50, "matches": False}),
        (info(test=3, train=4), {"stated_rows": 4, "difference": 1, "matches": False}),
        (info(default=2), {"stated_rows": 2, "difference": -1, "matches": False}),
        ("size_categories: [n<1K]", {"stated_rows": None, "category_fits": True, "matches": True}),
        ("size_categories: 1K<n<10K", {"difference": None, "category_fits": False, "matches": False}),
        ("size_categories: n>1T", {"category": "n>1T", "category_fits": False}),
        (info(train=3) + "\nsize_categories: [100K<n<1M]", {"difference": 0, "matches": False}),
    ],
)
def test_stated_rows_are_recounted(repository: Repository, folder: Path, card: str, expected: dict[str, Any]) -> None:
    found = measured(repository, folder, card)
    assert isinstance(found, Measured)
    assert {name: found.values[name] for name in expected} == expected
    assert found.values["rows"] == 3


UNCLEAR = "its dataset card states no number of rows that is meant for it"


@pytest.mark.parametrize(
    ("card", "name", "others"),
    [
        ("license: mit", "train.jsonl", ()),
        (b"# Title", "train.jsonl", ()),
        ("dataset_info: [{splits: []}, {splits: []}]", "train.jsonl", ()),
        ("dataset_info: {splits: [{name: train, num_examples: many}]}", "train.jsonl", ()),
        ("dataset_info: text", "train.jsonl", ()),
        ("size_categories: [n<1K, 1K<n<10K]", "train.jsonl", ()),
        (info(train=3, test=4), "mix.jsonl", ()),
        (info(train=3), "mix.jsonl", ("other.jsonl",)),
    ],
)
def test_what_is_not_clearly_meant_for_the_dataset_is_not_taken(
    repository: Repository, folder: Path, card: str | bytes, name: str, others: tuple[str, ...]
) -> None:
    found = measured(repository, folder, card, name, others)
    assert isinstance(found, NotMeasured) and found.reason.endswith(UNCLEAR)


def test_without_a_card_nothing_is_declared(repository: Repository, tmp_path: Path) -> None:
    with ledger_of(repository, write(tmp_path, "far/away.jsonl", [record(sample(1))])) as ledger:
        found = MEASURE.measure(Subject(Part(ledger, ledger.recorded[0]), tmp_path))
    assert found == NotMeasured("far/away.jsonl: there is no dataset card (README.md) with it")


@pytest.mark.parametrize("card", ["a: [", "- a list", b"---\n\xff\n---\n"])
def test_a_card_that_cannot_be_read_declares_nothing(repository: Repository, folder: Path, card: str | bytes) -> None:
    found = measured(repository, folder, card)
    assert isinstance(found, NotMeasured)
    assert found.reason.startswith(f"the dataset card of {folder.name}/train.jsonl: ")
