from __future__ import annotations

from collections import Counter
from dataclasses import fields
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from support.lineages import WORDS, lineages, records_of
from support.sidecars import ledger_of, write

from provenance.auditing.mixture import MixtureAudit
from provenance.ledger.composition.breakdowns import BREAKDOWNS, OF_MIXTURES, grouped
from provenance.ledger.composition.composition import Composition, composition
from provenance.ledger.part import Part
from provenance.repository import Repository


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(lineages())
def test_the_records_of_a_group_are_those_that_it_counts(repository: Repository, stated: list[dict[str, Any]]) -> None:
    with TemporaryDirectory() as folder:
        path = write(Path(folder), "mix.jsonl", records_of(stated), WORDS)
        with ledger_of(repository, path) as ledger:
            part = Part(ledger, ledger.recorded[0])
            found = composition(ledger, part.dataset)
            for name, breakdown in BREAKDOWNS.items():
                for group, share in getattr(found, name).items():
                    where = breakdown.where(group)
                    if where is None:
                        assert name == "by_model_family"
                        continue
                    members = part.questions.most_rows_where(where, len(stated))
                    assert sum(each.rows for each in members) == share.rows, (name, group)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(lineages())
def test_every_breakdown_is_a_sum_over_birth_classes(repository: Repository, stated: list[dict[str, Any]]) -> None:
    with TemporaryDirectory() as folder:
        path = write(Path(folder), "mix.jsonl", records_of(stated), WORDS)
        with ledger_of(repository, path) as ledger:
            found = composition(ledger, ledger.recorded[0])
    assert "birth_classes" not in found.as_json()
    assert sum(each.rows for each in found.birth_classes) == found.rows
    origins = Counter[str]()
    for each in found.birth_classes:
        origins[each.origin] += each.rows
    assert origins == Counter({group: share.rows for group, share in found.by_origin.items()})
    for name, breakdown in BREAKDOWNS.items():
        if name == "by_verdict":  # what a verifier said is no part of a birth
            continue
        sums = {
            group: (sum(each.rows for each in same), sum(each.bytes for each in same))
            for group, same in grouped(found.birth_classes, breakdown.group).items()
        }
        assert sums == {group: (share.rows, share.bytes) for group, share in getattr(found, name).items()}


def test_every_breakdown_has_its_place_in_what_is_broken_down() -> None:
    assert BREAKDOWNS.keys() <= {field.name for field in fields(Composition)}
    assert {*OF_MIXTURES, "by_field"} == {each.name for each in fields(MixtureAudit) if each.name.startswith("by_")}


@pytest.mark.parametrize("group", ["two", "", "1.5"])
def test_a_group_that_no_record_can_be_of_has_no_records(group: str) -> None:
    assert BREAKDOWNS["by_depth"].where(group) is None


def test_groups_that_are_known_beforehand_include_the_one_for_nothing() -> None:
    assert set(BREAKDOWNS["by_evidence"].groups or ()) == {"observed", "declared", "inferred", "unknown", "ambiguous"}
    assert "unstated" in (BREAKDOWNS["by_kind"].groups or ())
    assert BREAKDOWNS["by_model"].groups is None
