"""Mixtures in stages, as shares of a total and as cards count them, against what writing them out comes to."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.sidecars import ledger_of, record, sample, write

from provenance.auditing.mixture import MixtureAudit, mixture
from provenance.errors import ProvenanceError
from provenance.repository import Repository


def audited(repository: Repository, folder: Path, text: str, rows: int = 0) -> MixtureAudit:
    """The audit of the mixture file ``text``; held.jsonl is a dataset of as many synthetic ``rows``."""
    file = folder / "mixture.yaml"
    file.write_text(text)
    records = [record(sample(number), origin="synthetic") for number in range(rows)]
    paths = [write(folder, "held.jsonl", records)] if rows else []
    with ledger_of(repository, *paths) as ledger:
        return mixture(ledger, file)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20, deadline=None)
@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 4), st.integers(1, 4), st.integers(0, 4))
def test_stages_count_what_is_unique_once(
    repository: Repository, tmp_path: Path, held: int, web: int, first: int, second: int, of_web: int
) -> None:
    text = f"""
        name: m
        unit: rows
        parts: [{{dataset: held.jsonl}}, {{name: web, class: real, rows: {web}}}]
        stages:
          - {{name: one, epochs: {{held.jsonl: {first}, web: {of_web}}}}}
          - {{name: two, epochs: {{held.jsonl: {second}}}}}
        """
    found = audited(repository, tmp_path, text, held)
    trained_on = held * (first + second) + web * of_web
    assert (found.whole.unique, found.whole.exposure) == (held + web, trained_on)
    assert found.parts["held.jsonl"].epochs == pytest.approx(first + second)
    assert found.by_origin["synthetic"].exposure == pytest.approx(held * (first + second))
    one, two = found.stages.values()
    assert two.exposure == pytest.approx(held * second) and two.by_origin == {"synthetic": 1.0}
    of_one = held * first + web * of_web
    assert one.exposure_fraction == pytest.approx(of_one / trained_on)
    if of_one:
        assert one.parts == pytest.approx({"held.jsonl": held * first / of_one, "web": web * of_web / of_one})
        assert one.synthetic.at_least == pytest.approx(held * first / of_one)
    # What is not seen at all has no epochs; what is, has at least one.
    assert found.real_epochs == (pytest.approx(of_web) if of_web else None)


def test_shares_of_a_total_need_no_sizes(repository: Repository, tmp_path: Path) -> None:
    text = """
        name: m
        unit: tokens
        trained: 8T
        parts:
          - {name: web, class: real, share: 85%}
          - {name: code, class: real, tokens: 1T, share: 12%}
          - {name: math, class: synthetic, share: 3%}
        """
    found = audited(repository, tmp_path, text)
    assert (found.whole.unique, found.whole.exposure) == (None, 8 * 10**12)
    assert found.by_origin["synthetic"].exposure == pytest.approx(0.24e12)
    assert found.by_origin["real"].unique is None and found.synthetic_unique.at_least is None
    assert (found.real_epochs, found.real_most_repeated.part) == (None, "code")
    # Of what is not known, that is said, with the reason.
    assert found.doubts["real_epochs"].why == "the size of web is not stated"
    assert found.doubts["real_most_repeated.epochs"].more is None
    assert found.findings == ()


def test_what_is_trained_on_may_be_stated_as_an_amount(repository: Repository, tmp_path: Path) -> None:
    text = """
        name: m
        trained: 100B
        parts:
          - {name: web, class: real, tokens: 30B, share: 60%, trained: 61B}
          - {name: code, class: real, tokens: 20B, share: 20%, trained: 39B, epochs: 2}
        """
    found = audited(repository, tmp_path, text)
    assert found.parts["web"].epochs == pytest.approx(61 / 30)
    (share, *others) = [each for each in found.findings if each.what.startswith("part.")]
    assert (share.what, share.stated, others) == ("part.code.exposure", 39e9, [])
    assert share.actual == pytest.approx(20e9)
    assert "but also a share of 20.0%, which is 20,000,000,000 tokens" in share.message


def test_a_part_that_is_worn_out_is_not_hidden_by_one_that_is_hardly_seen(
    repository: Repository, tmp_path: Path
) -> None:
    text = """
        name: m
        parts:
          - {name: crawl, class: real, tokens: 1000, epochs: 0.1}
          - {name: wiki, class: real, tokens: 10, epochs: 20}
          - {name: made, class: synthetic, tokens: 1, epochs: 99}
        """
    found = audited(repository, tmp_path, text)
    assert found.real_epochs == pytest.approx((100 + 200) / (100 + 10))
    assert found.real_most_repeated.part == "wiki"
    assert found.real_most_repeated.epochs == pytest.approx(20)
    assert found.by_origin["real"].epochs == pytest.approx(300 / 1010)
    assert found.doubts.keys() == {"licenses.noncommercial", "licenses.no_derivatives"}


@pytest.mark.parametrize(("stated", "agrees"), [("114", "once"), ("240", "with_repeats"), ("241", None), ("200", None)])
def test_a_total_is_recounted_with_and_without_repeats(
    repository: Repository, tmp_path: Path, stated: str, agrees: str | None
) -> None:
    parts = "[{name: a, class: real, rows: 14, epochs: 10}, {name: b, class: synthetic, rows: 100, epochs: 1}]"
    found = audited(repository, tmp_path, f"name: m\nstated: {{rows: {stated}}}\nparts: {parts}")
    total = found.totals["rows"]
    assert (total.once, total.with_repeats, total.agrees_with) == (114, 240, agrees)
    assert [each.message for each in found.findings] == (
        []
        if agrees
        else [
            f"m: {stated} rows are stated in all, but its parts sum to 114, and to 240 with its repeats: "
            f"a difference of {int(stated) - 114}"
        ]
    )


@pytest.mark.parametrize(
    ("stated", "parts", "is_wrong"),
    [
        ("9.31T", ["8.14T", "972B", "200B"], False),
        ("9.32T", ["8.14T", "972B", "200B"], False),  # The first part may be 8.1449T.
        ("9.33T", ["8.14T", "972B", "200B"], True),
        ("100", ["60", "41"], True),
        ("1K", ["600", "400"], False),
        ("1K", ["900", "700"], True),
    ],
)
def test_a_total_is_as_exact_as_it_is_written(
    repository: Repository, tmp_path: Path, stated: str, parts: list[str], is_wrong: bool
) -> None:
    listed = ", ".join(f"{{name: p{number}, class: real, tokens: {part}}}" for number, part in enumerate(parts))
    found = audited(repository, tmp_path, f"name: m\nstated: {{tokens: {stated}}}\nparts: [{listed}]")
    assert bool(found.findings) == is_wrong


def test_findings_of_stages_say_which(repository: Repository, tmp_path: Path) -> None:
    text = """
        name: m
        trained: 5000
        parts: [{name: a, class: real, tokens: 100}, {name: b, class: real, tokens: 100}]
        stages:
          - {name: first, trained: 1000, shares: {a: 50%, b: 40%}}
          - {name: second, trained: 1000, epochs: {b: 3}}
        """
    found = {each.what: each.message for each in audited(repository, tmp_path, text).findings}
    assert found == {
        "stage.first.shares": "m, first: its shares sum to 90.0%",
        "stage.second.trained": "m, second: 1,000 tokens are trained on, but all epochs are 300",
        "trained": "m: 5,000 tokens are trained on, but its stages are 2,000",
    }


def test_licences_of_parts_and_what_they_exclude(repository: Repository, tmp_path: Path) -> None:
    text = """
        name: m
        parts:
          - {name: a, class: real, tokens: 3, epochs: 1, license: cc-by-nc-4.0}
          - {name: b, class: real, tokens: 1, epochs: 1, license: CC BY 4.0 AND CC-BY-NC-4.0}
          - {name: c, class: real, tokens: 2, epochs: 2, license: llama3}
          - {name: d, class: synthetic, tokens: 2, epochs: 1}
        """
    found = audited(repository, tmp_path, text).licenses
    assert found.noncommercial == {"CC-BY-NC-4.0": ["a", "b"]} and found.no_derivatives == {}
    assert found.unspecified == {"d": pytest.approx(0.2)}
    assert found.doubts["licenses.no_derivatives"].why == (
        "what llama3 allows is not known (no licence of SPDX's list); no licence is stated of d"
    )


@pytest.mark.parametrize(
    ("parts", "problem"),
    [
        ("parts: [{name: a, class: real, share: 1}]", "no part's size is stated; say what the shares are of: unit"),
        ("unit: rows\nparts: [{name: a, class: real, epochs: 2}]", "a needs its rows, tokens or bytes, or a share"),
        ("unit: rows\nparts: [{name: a, class: real, tokens: 2, epochs: 2}]", "the rows of a are not known"),
    ],
)
def test_without_sizes_something_else_must_be_known(
    repository: Repository, tmp_path: Path, parts: str, problem: str
) -> None:
    with pytest.raises(ProvenanceError, match=problem):
        audited(repository, tmp_path, f"name: m\n{parts}")
