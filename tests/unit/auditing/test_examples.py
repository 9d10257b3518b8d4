"""Samples that show a finding: of the very group that the rule is about, as the breakdowns count it."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from support.sidecars import Words, ledger_of, record, sample, write

from provenance.auditing.examples import examples
from provenance.auditing.measures import Measured, NotMeasured, Outstanding, Part
from provenance.auditing.policy.evaluation import evaluate
from provenance.auditing.policy.rules import Policy, Rule
from provenance.ledger.composition.composition import composition
from provenance.lineage.records import Agent, Source
from provenance.repository import Repository

WORDS = Words(agents=(Agent(name="org/writer-7b"),), sources=(Source(name="library", license="MIT"),))
# What each sample is, by its number; in tests of a group those that fit are named.
RECORDS: dict[int, dict[str, Any]] = {
    1: {"origin": "real", "source": 0, "depth": 0},
    2: {"origin": "real", "depth": 0},
    3: {"origin": "synthetic", "agent": 0, "kind": "rewrite", "verdict": "pass", "depth": 1, "license": "CC0-1.0"},
    4: {"origin": "mixed", "depth": 1},
    5: {"origin": "unknown", "evidence": None},
    6: {"origin": "synthetic", "kind": "answer", "rows": 0},
}


def shown(repository: Repository, folder: Path, value: str, threshold: dict[str, Any]) -> tuple[set[int], set[str]]:
    """The numbers of the samples that are shown for a rule about ``value``, and why."""
    records = [record(sample(number), **stated) for number, stated in RECORDS.items()]
    rule = Rule.model_validate({"id": "r", "value": value, "threshold": threshold, "reason": "so"})
    with ledger_of(repository, write(folder, "mix.jsonl", records, WORDS)) as ledger:
        part = Part(ledger, ledger.recorded[0])
        document = composition(ledger, part.dataset).as_json() | {"measures": {}}
        findings = evaluate(Policy(("p",), (rule,)), document, date(2030, 1, 1))
        (found,) = examples(findings, part, {})
    numbers = {sample(number): number for number in RECORDS}
    assert {each.place for each in found} <= {None}, "there is no data to find rows in"
    return {numbers[each.sample_id] for each in found}, {each.why for each in found}


@pytest.mark.parametrize(
    ("value", "numbers", "why"),
    [
        ("by_origin.real.rows", {1, 2}, "its origin is real"),
        ("by_origin.unknown.rows", {5}, "its origin is unknown"),
        ("by_kind.rewrite.rows", {3}, "its kind is rewrite"),
        ("by_kind.unstated.rows", {4}, "its kind is unstated"),
        ("by_model.org/writer-7b.rows", {3}, "its model is org/writer-7b"),
        ("by_model.unstated.rows", {4}, "its model is unstated"),
        ("by_source.library.rows", {1}, "its source is library"),
        ("by_source.unstated.rows", {2}, "its source is unstated"),
        ("by_license.MIT.rows", {1}, "its license is MIT"),
        ("by_license.unknown.rows", {2, 4, 5}, "its license is unknown"),
        ("by_depth.unknown.rows", {5}, "its depth is unknown"),
        ("by_evidence.unknown.rows", {5}, "its evidence is unknown"),
        ("by_verdict.unstated.rows", {4}, "its verdict is unstated"),
    ],
)
def test_of_a_group_that_is_too_large(
    repository: Repository, tmp_path: Path, value: str, numbers: set[int], why: str
) -> None:
    assert shown(repository, tmp_path, value, {"at_most": 0}) == (numbers, {why})


def test_names_that_are_not_allowed_are_shown_by_their_rows(repository: Repository, tmp_path: Path) -> None:
    numbers, reasons = shown(repository, tmp_path, "by_license", {"only": ["MIT"]})
    assert numbers == {3}
    assert reasons == {"its license is CC0-1.0"}


def test_what_is_too_little_has_nothing_to_show(repository: Repository, tmp_path: Path) -> None:
    assert shown(repository, tmp_path, "by_origin.real.fraction", {"at_least": 0.9}) == (set(), set())


@pytest.mark.parametrize(
    "found", [NotMeasured("no data"), Measured({"fraction": 0.5}, (Outstanding("00" * 16, "odd"),))]
)
def test_a_measures_own_samples_are_shown(
    repository: Repository, tmp_path: Path, found: Measured | NotMeasured
) -> None:
    rule = Rule.model_validate(
        {"id": "r", "value": "measures.odd.fraction", "threshold": {"at_most": 0.1}, "reason": "so"}
    )
    with ledger_of(repository, write(tmp_path, "mix.jsonl", [record(sample(1))], WORDS)) as ledger:
        part = Part(ledger, ledger.recorded[0])
        values = {"fraction": 0.5} if isinstance(found, Measured) else {"not_measured": "no data"}
        document = composition(ledger, part.dataset).as_json() | {"measures": {"odd": values}}
        (samples,) = examples(evaluate(Policy(("p",), (rule,)), document, date(2030, 1, 1)), part, {"odd": found})
    assert [each.why for each in samples] == (["odd"] if isinstance(found, Measured) else [])
