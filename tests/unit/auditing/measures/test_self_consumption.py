from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from support.contents import digest
from support.measuring import values
from support.sidecars import Words, ledger_of, record, sample, write
from support.trained import MODELS, WORDS, Trained, closure, descendants, trained

from provenance.auditing.measures import Measured, NotMeasured, Part, Subject
from provenance.auditing.measures.self_consumption import MEASURE
from provenance.files import MODELS_FILE
from provenance.lineage.records import Activity, ActivityType, Agent
from provenance.repository import Repository


def take(repository: Repository, folder: Path, stated: Trained) -> Measured | NotMeasured:
    """The measure of a.jsonl, where all models are registered."""
    sidecars = {}
    for name, members in stated.datasets.items():
        born = {number: stated.lineage[number] for number in closure(stated.lineage, members)}
        records = [
            record(
                sample(number),
                rows=1 if number in members else 0,
                origin=each["origin"],
                agent=each["agent"],
                activity=len(MODELS) if each["agent"] is None else each["agent"],
                parents=[sample(parent) for parent in each["parents"]],
            )
            for number, each in born.items()
        ]
        sidecars[name] = write(folder, name, records, WORDS)
    digests = {name: digest(path.read_bytes()) for name, path in sidecars.items()} | {"gone": "0" * 32}
    models = [
        {
            "name": name,
            "base": stated.bases[name],
            "trained_on": [
                {"path": path, "md5": "0" * 32, "sidecar_md5": digests[path]}
                for path in sorted(stated.trained_on[name])
            ],
        }
        for name in MODELS
    ]
    register = repository.root / MODELS_FILE
    register.write_text(json.dumps({"models": models}))
    try:
        with ledger_of(repository, *sidecars.values()) as ledger:
            return MEASURE.measure(Subject(Part(ledger, ledger.recorded[0]), folder))
    finally:
        register.unlink()


def by(stated: Trained, model: str) -> set[int]:
    return {number for number, each in stated.lineage.items() if each["agent"] == MODELS.index(model)}


def reached(stated: Trained, model: str) -> set[int]:
    """All that comes of what the model generated, also through models that were trained on it."""
    found = descendants(stated.lineage, by(stated, model))
    while True:
        taught = [by(stated, each) for each in MODELS if stated.members(each) & found]
        further = descendants(stated.lineage, found.union(*taught))
        if further == found:
            return found
        found = further


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(stated=trained())
def test_agrees_with_following_each_step(repository: Repository, tmp_path: Path, stated: Trained) -> None:
    stated = replace(
        stated, earlier={}, trained_on={name: names - {"c.jsonl"} for name, names in stated.trained_on.items()}
    )
    members = stated.datasets["a.jsonl"]
    loops: set[tuple[str, str, str]] = set()
    direct: set[int] = set()
    through: set[int] = set()
    for model in MODELS:
        line = {model}
        while (base := stated.bases[min(line, key=MODELS.index)]) is not None:
            line.add(base)
        for name in stated.trained_on[model] - {"gone"}:
            for generator in stated.generators(stated.datasets[name]):
                if not ({generator} | stated.ancestry(generator)) & line:
                    continue
                come_of_it = descendants(stated.lineage, by(stated, model))
                if name == "a.jsonl":
                    come_of_it |= descendants(stated.lineage, by(stated, generator))
                if members & (come_of_it | reached(stated, model)):
                    loops.add((model, name, generator))
                direct |= members & come_of_it
                through |= members & reached(stated, model)
    found = values(take(repository, tmp_path, stated))
    assert {tuple(chain.split(" <- ")[:3]) for chain in found["chains"]} == loops
    assert (found["loops"], found["rows"]) == (len(loops), len(direct))
    assert found["rows_through_models"] == len(through - direct)
    assert found["unknown_training_sets"] == any("gone" in names for names in stated.trained_on.values())


def test_of_models_that_nobody_registered_nothing_is_known(repository: Repository, tmp_path: Path) -> None:
    words = Words((Activity(type=ActivityType.GENERATION),), (Agent(name="writer"),))

    def measured(records: list[dict[str, Any]]) -> Measured | NotMeasured:
        with ledger_of(repository, write(tmp_path, "mix.jsonl", records, words)) as ledger:
            return MEASURE.measure(Subject(Part(ledger, ledger.recorded[0]), tmp_path))

    written = record(sample(1), origin="synthetic", agent=0, activity=0)
    found = measured([written, record(sample(2))])
    assert isinstance(found, NotMeasured) and "no model that its rows go back to is registered" in found.reason
    assert values(measured([record(sample(2))]))["loops"] == 0
