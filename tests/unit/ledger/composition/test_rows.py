"""Bounds of groups against every way in which the rows of a small dataset may divide among their births."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from support.several_births import Sample, assignments, in_doubt, records_of, rows_of, samples
from support.sidecars import Words, ledger_of, record, sample, write

from provenance.ledger.composition.breakdowns import BREAKDOWNS, UNKNOWN, UNSTATED
from provenance.ledger.composition.composition import Composition, composition
from provenance.ledger.composition.families import model_family
from provenance.lineage.records import Activity, ActivityType, Agent, Source
from provenance.lineage.words import AMBIGUOUS
from provenance.repository import Repository

WORDS = Words(
    activities=(Activity(type=ActivityType.GENERATION), Activity(type=ActivityType.DERIVATION)),
    agents=(Agent(name="writer", revision="1"), Agent(name="undisclosed")),
    sources=(Source(name="library", license="PSF-2.0"), Source(name="forum")),
)
MODELS = ("writer@1", "undisclosed")
MADE = ("synthetic", "mixed")
# A group for which no row is certain, and of which no birth is: only rows in doubt may be of it.
ELSEWHERE = "a group that no birth has"


def composed(repository: Repository, several: list[Sample]) -> Composition:
    with TemporaryDirectory() as folder:
        path = write(Path(folder), "mix.jsonl", records_of(several), WORDS)
        with ledger_of(repository, path) as ledger:
            return composition(ledger, ledger.recorded[0])


def group_by_hand(name: str, each: Mapping[str, Any]) -> str | None:
    """The group of a birth; None: of none; AMBIGUOUS: of any."""
    column = {"by_model_family": "agent", "by_model": "agent"}.get(name, name.removeprefix("by_"))
    value = each[column]
    doubts = column if column not in ("evidence", "chain_evidence", "verdict") else None
    if name == "by_license" and value is None:
        if in_doubt(each, "source"):
            return AMBIGUOUS
        value = None if each["source"] is None else WORDS.sources[each["source"]].license
    if doubts is not None and in_doubt(each, doubts):
        return AMBIGUOUS
    if value is not None:
        if name == "by_model":
            return MODELS[value]
        if name == "by_model_family":
            return model_family(MODELS[value])
        return WORDS.sources[value].name if name == "by_source" else str(value)
    if name in ("by_kind", "by_model", "by_model_family", "by_verdict"):
        return AMBIGUOUS if in_doubt(each, "origin") else UNSTATED if each["origin"] in MADE else None
    if name == "by_source":
        return AMBIGUOUS if in_doubt(each, "origin") else UNSTATED if each["origin"] == "real" else None
    return UNKNOWN


def truths(name: str, births: Sample, group: str) -> Iterator[int]:
    """How many rows of a sample may be of ``group``, in each way in which they may divide: the extremes."""
    for divided in assignments(births):
        in_it = sum(n for n, each in zip(divided, births, strict=True) if group_by_hand(name, each) == group)
        in_doubts = sum(n for n, each in zip(divided, births, strict=True) if group_by_hand(name, each) == AMBIGUOUS)
        yield in_it
        yield in_it + in_doubts


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(samples())
def test_bounds_hold_of_every_division_and_are_attained(repository: Repository, several: list[Sample]) -> None:
    found = composed(repository, several)
    assert found.rows == sum(map(rows_of, several))
    for name in BREAKDOWNS:
        shares = getattr(found, name)
        births = [each for sample_births in several for each in sample_births]
        possible = {group_by_hand(name, each) for each in births if each["rows"] or each["possible_rows"]}
        assert shares.keys() - {AMBIGUOUS} == possible - {AMBIGUOUS, None}, name
        for group in {*shares, ELSEWHERE} - {AMBIGUOUS}:
            share = shares.get(group)
            least = sum(min(truths(name, each, group)) for each in several)
            most = sum(max(truths(name, each, group)) for each in several)
            if share is None:
                ambiguous = found.ambiguous.get(name)
                assert (least, most) == (0, ambiguous.of_any_group if ambiguous else 0), name
            else:
                assert (share.rows, share.at_most_rows) == (least, most), (name, group)
                assert (share.bytes, share.at_most_bytes) == (10 * least, 10 * most), (name, group)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(samples())
def test_groups_and_ambiguous_rows_add_up(repository: Repository, several: list[Sample]) -> None:
    found = composed(repository, several)
    for name in BREAKDOWNS:
        shares, ambiguous = getattr(found, name), found.ambiguous.get(name)
        outside = sum(
            min(
                sum(n for n, b in zip(d, each, strict=True) if group_by_hand(name, b) is None)
                for d in assignments(each)
            )
            for each in several
        )
        assert sum(share.rows for share in shares.values()) + outside == found.rows, name
        assert (ambiguous.rows if ambiguous else 0) == (shares[AMBIGUOUS].rows if AMBIGUOUS in shares else 0), name
        if ambiguous:
            assert sum(ambiguous.between.values()) == ambiguous.rows
            assert ambiguous.of_any_group <= ambiguous.rows
        agree = all(
            len({group_by_hand(name, b) for b in each if b["rows"] or b["possible_rows"]}) < 2 for each in several
        )
        doubted = any(group_by_hand(name, b) == AMBIGUOUS for each in several for b in each)
        if agree and not doubted:
            assert ambiguous is None, name


def test_births_that_agree_in_what_is_asked_leave_nothing_ambiguous(repository: Repository, tmp_path: Path) -> None:
    records = [
        record(sample(1), 1, possible_rows=1, ambiguous_rows=1, origin="synthetic", agent=0, tokens=3),
        record(sample(1), 0, possible_rows=1, origin="synthetic", agent=1, tokens=3),
        record(sample(2), 1, origin="real"),
        record(sample(2), 2, origin="synthetic", agent=1),
    ]
    path = write(tmp_path, "a.jsonl", records, WORDS)
    with ledger_of(repository, path) as ledger:
        found = composition(ledger, ledger.recorded[0])
    assert {name: (share.rows, share.at_most_rows) for name, share in found.by_origin.items()} == {
        "synthetic": (4, 4),
        "real": (1, 1),
    }
    assert {name: (share.rows, share.at_most_rows) for name, share in found.by_model.items()} == {
        "undisclosed": (2, 3),
        "writer@1": (1, 2),
        AMBIGUOUS: (1, 1),
    }
    writer = found.by_model["writer@1"]
    assert (writer.tokens, writer.at_most_tokens, writer.fraction, writer.at_most_fraction) == (3, 6, 0.2, 0.4)
    assert found.as_json()["ambiguous"] == {
        "by_model": {"rows": 1, "of_any_group": 0, "between": {"undisclosed or writer@1": 1}},
        "by_model_family": {"rows": 1, "of_any_group": 0, "between": {"undisclosed or writer": 1}},
    }


@pytest.mark.parametrize(
    ("records", "fractions"),
    [
        # One of two rows is rooted, and either may be.
        ([{"rows": 1, "real_rooted": True, "possible_rows": 1}, {"rows": 0, "real_rooted": False}], (0.5, 1.0)),
        # Of a real row nothing is asked.
        ([{"rows": 0, "origin": "real", "possible_rows": 1}, {"rows": 0, "real_rooted": False}], (0.0, 0.0)),
        ([{"rows": 0, "origin": "real", "possible_rows": 1}, {"rows": 0, "real_rooted": True}], (1.0, 1.0)),
    ],
)
def test_the_real_rooted_part_lies_between_two_bounds(
    repository: Repository, tmp_path: Path, records: list[dict[str, Any]], fractions: tuple[float, float]
) -> None:
    first: dict[str, Any]
    second: dict[str, Any]
    first, second = ({"origin": "synthetic", "possible_rows": 1, **each} for each in records)
    path = write(tmp_path, "a.jsonl", [record(sample(1), ambiguous_rows=1, **first), record(sample(1), **second)])
    with ledger_of(repository, path) as ledger:
        found = composition(ledger, ledger.recorded[0])
    assert (found.real_rooted_fraction, found.at_most_real_rooted_fraction) == fractions
