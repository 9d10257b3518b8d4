"""Measures that read data, in repositories and on real data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.gsm8k import gsm8k, lay_out
from support.measuring import values
from support.pools import pool_of, prose
from support.project import Project, lines

from provenance.auditing.measures import (
    Measured,
    NotMeasured,
    Part,
    Subject,
    compression_ratio,
    distinct_n,
    openings,
    self_repetition,
    take,
)
from provenance.auditing.measures.drift import drift_of_words
from provenance.auditing.measures.near_duplicates import bands, shingles
from provenance.auditing.texts.divergence import divergence
from provenance.auditing.texts.pools import Difference, difference
from provenance.auditing.texts.words import spelled
from provenance.identity import sample_id
from provenance.ledger.sidecars import Sidecars
from provenance.repository import Repository

DIVERSITY = (compression_ratio, distinct_n, openings, self_repetition)
SPLITS = 100


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project.new(tmp_path / "repository")


@contextmanager
def parts(project: Project, *names: str) -> Iterator[list[Part]]:
    with Sidecars.open(Repository.open(project.root)) as ledger:
        yield [Part(ledger, ledger.dataset(project.root / name)) for name in names]


def add(project: Project, name: str, rows: list[dict[str, Any]], origin: str) -> None:
    project.write({name: lines(rows)})
    assert project.provenance("add", name, "--origin", origin, "--source", "test").code == 0


def test_text_rules_find_no_rephrase_and_lineage_finds_all(project: Project, tmp_path: Path) -> None:
    lay_out(project, declared=True)
    with parts(project, "rephrased.jsonl", "human.jsonl") as (rephrased, human):
        subject = Subject(rephrased, tmp_path, reference=human, evaluations=(human,))
        found = take(subject, ["contamination", "lineage_contamination", "near_duplicates"])
        itself = take(Subject(human, tmp_path, evaluations=(human,)), ["contamination", "lineage_contamination"])
    by_text = values(found["contamination"])
    assert by_text["evaluation_rows"] == 1319
    # A rephrase shares with its source what was not rephrased: enough for one in eight.
    assert by_text["rows_by_13gram"] <= 2 < by_text["rows_by_text"] <= 0.15 * 1319
    by_lineage = values(found["lineage_contamination"])
    assert (by_lineage["rows"], by_lineage["evaluation_samples"], by_lineage["fraction"]) == (1319, 1319, 1.0)
    # The text rules do work: of the evaluation set itself they find every row.
    assert values(itself["contamination"])["rows_by_copy"] == values(itself["contamination"])["rows_by_text"] == 1319
    assert values(itself["contamination"])["evaluations"]["human.jsonl"]["contaminated"] is True
    assert values(itself["lineage_contamination"])["rows"] == 1319
    assert values(found["near_duplicates"])["fraction"] < 0.01


def test_infer_names_parents_and_calls_them_candidates(project: Project) -> None:
    lay_out(project, declared=False)
    before = project.files()
    answer = project.ask("infer", "rephrased.jsonl", "--against", "human.jsonl")
    assert list(answer) == ["candidates", "unknown", "words_shared"]
    assert answer["unknown"] == 1319 and answer["words_shared"] > 0.9
    human = [sample_id(row) for row in gsm8k("gsm8k_test.human.jsonl")]
    rephrased = [sample_id({"text": row["text"]}) for row in gsm8k("gsm8k_test.rephrased.jsonl")]
    truth = dict(zip(rephrased, human, strict=True))
    right = sum(truth[each["sample_id"]] == each["parent"] for each in answer["candidates"])
    assert right >= 0.91 * 1319
    assert len(answer["candidates"]) - right <= 0.002 * 1319
    assert all(each["margin"] >= 0.08 and 0.25 <= each["score"] <= 1 for each in answer["candidates"])
    more = project.ask("infer", "rephrased.jsonl", "--against", "human.jsonl", "--score", "0")["candidates"]
    assert sum(truth[each["sample_id"]] == each["parent"] for each in more) >= 0.95 * 1319
    strict = project.ask("infer", "rephrased.jsonl", "--against", "human.jsonl", "--margin", "0.2")["candidates"]
    assert all(truth[each["sample_id"]] == each["parent"] for each in strict)
    said = project.provenance("infer", "rephrased.jsonl", "--against", "human.jsonl").stdout
    assert "candidate parent" in said and "none of them is recorded" in said
    # Nothing was written, and nothing counts them.
    assert project.files() == before
    (audited,) = project.ask("audit", "rephrased.jsonl")["datasets"]
    assert list(audited["by_origin"]) == ["unknown"]


def test_random_halves_of_the_human_set_raise_no_more_findings_than_chance() -> None:
    texts = [f"{row['question']}\n{row['answer']}" for row in gsm8k("gsm8k_test.human.jsonl")]
    findings = dict.fromkeys([*(module.__name__.rsplit(".")[-1] for module in DIVERSITY), "drift", "duplicates"], 0)
    for seed in range(SPLITS):
        order = np.random.default_rng(seed).permutation(len(texts))
        pool = pool_of([texts[row] for row in order[:660]], [texts[row] for row in order[660:]])
        for module in DIVERSITY:
            statistic, sizes = module.prepare(pool)
            found = difference(statistic, sizes, pool.compared, seed)
            assert isinstance(found, Difference)
            findings[module.__name__.rsplit(".")[-1]] += bool(found.as_values()["beyond_null"])
        findings["drift"] += bool(drift_of_words(pool, seed)[0]["beyond_null"])
        findings["duplicates"] += paired(pool_of([texts[row] for row in order[:660]], []).words, seed) > 0.01
    # Stated: one in a hundred. Of 100 at 1%, more than 5 are seen in 0.05% of cases.
    assert max(findings.values()) <= 5, findings


def paired(words: Any, seed: int) -> float:
    """The part of the rows that share a band with another."""
    found = bands(*shingles(words), seed)
    twins = np.zeros(len(found), np.bool_)
    for band in found.T:
        _, places, counts = np.unique(band, return_inverse=True, return_counts=True)
        twins |= counts[places] > 1
    return float(twins.mean())


def test_near_duplicates_are_rows_that_share_most_grams(project: Project, tmp_path: Path) -> None:
    texts = prose(np.random.default_rng(1), 300, words_a_row=60)
    close = [f"{text} {text.split()[0]} end" for text in texts[:20]]
    add(project, "data.jsonl", [{"text": text} for text in [*texts, *close, texts[50], texts[50]]], "real")
    with parts(project, "data.jsonl") as (data,):
        found = take(Subject(data, tmp_path), ["near_duplicates", "exact_duplicates"])
    spellings = [spelled(text) for text in [*texts, *close]]
    grams = [{tuple(each[start : start + 5]) for start in range(len(each) - 4)} for each in spellings]
    alike = {
        pair: len(grams[pair[0]] & grams[pair[1]]) / len(grams[pair[0]] | grams[pair[1]])
        for pair in combinations(range(320), 2)
    }
    assert {pair for pair, similarity in alike.items() if similarity > 0.3} == {(row, 300 + row) for row in range(20)}
    assert values(found["near_duplicates"]) == {"rows": 322, "paired_rows": 43, "fraction": 43 / 322}
    assert values(found["exact_duplicates"])["duplicate_rows"] == 2
    shown = found["near_duplicates"]
    assert isinstance(shown, Measured)
    ids = {sample_id({"text": text}): row for row, text in enumerate([*texts, *close])}
    rows = [(ids[each.sample_id], ids[each.why.split()[-1]]) for each in shown.outstanding]
    pairs = [(min(pair), max(pair)) for pair in rows]
    assert sorted(pairs) == [(row, 300 + row) for row in range(20)]
    assert [each.why.split()[1] for each in shown.outstanding] == [f"{alike[pair]:.0%}" for pair in pairs]


def mixed_up(project: Project) -> list[dict[str, Any]]:
    """A mix of real English and synthetic, mostly German rows; the synthetic ones are declared to be."""
    pick = np.random.default_rng(2)
    rows = [
        {"text": text, "language": str(pick.choice(["en", "de"], p=[share, 1 - share])), "made": made}
        for made, share in (("real", 0.8), ("synthetic", 0.3))
        for text in prose(pick, 400, words_a_row=30)
    ]
    order = pick.permutation(len(rows))
    rows = [rows[row] for row in order]
    project.write({"mix.jsonl": lines(rows)})
    project.run("dvc", "add", "--quiet", "mix.jsonl")
    answer = project.provenance("declare", "mix.jsonl", "--from", "columns", "--map", "origin=made")
    assert answer.code == 0, answer.stderr
    return rows


def test_synthetic_rows_are_compared_with_the_real_part_of_a_mix(project: Project, tmp_path: Path) -> None:
    rows = mixed_up(project)
    pairs = Counter((row["made"], row["language"]) for row in rows)
    counts = {made: {v: pairs[made, v] for v in ("de", "en")} for made in ("real", "synthetic")}
    with parts(project, "mix.jsonl") as (mix,):
        subject = Subject(mix, tmp_path, fields=("language",))
        found = take(subject, ["drift", "representation", "distinct_n"])
        again = take(subject, ["drift", "representation", "distinct_n"])
    assert found == again
    assert isinstance(found["distinct_n"], Measured)
    assert found["distinct_n"].sampled == (
        "400 of mix.jsonl: synthetic and mixed rows against 400 of mix.jsonl: real rows, drawn at random with seed 0"
    )
    assert values(found["distinct_n"])["beyond_null"] is False
    drift = values(found["drift"])
    assert drift["tokens"]["beyond_null"] is False
    assert drift["fields"]["language"]["beyond_null"] is drift["beyond_null"] is True
    one, other = (np.array([counts[made][v] for v in ("de", "en")]) for made in ("synthetic", "real"))
    assert drift["fields"]["language"]["divergence"] == pytest.approx(divergence(one, other))
    ratios = {v: (counts["synthetic"][v] / 400) / (counts["real"][v] / 400) for v in ("de", "en")}
    representation = values(found["representation"])
    assert representation["fields"]["language"] == pytest.approx(ratios)
    assert representation["outside"] == 2
    extremes = (representation["smallest_ratio"], representation["greatest_ratio"])
    assert extremes == pytest.approx((ratios["en"], ratios["de"]))


def test_what_is_missing_is_told(project: Project, tmp_path: Path) -> None:
    add(project, "few.jsonl", [{"text": f"text {number}"} for number in range(5)], "real")
    add(project, "made.jsonl", [{"text": f"text {number} made"} for number in range(30)], "synthetic")
    add(project, "numbers.jsonl", [{"text": number} for number in range(30)], "synthetic")
    project.write({"images/1.txt": "one", "images/2.txt": "two"})
    assert project.provenance("add", "images", "--origin", "real", "--source", "test").code == 0

    def reason(audited: str, measure: str, **options: Any) -> str:
        with parts(project, audited, "few.jsonl") as (part, few):
            folder = tmp_path / f"{audited} {measure}"
            folder.mkdir(exist_ok=True)
            reference = few if options.pop("few", False) else None
            subject = Subject(part, folder, reference, **options)
            found = take(subject, [measure])[measure]
        assert isinstance(found, NotMeasured), found
        return found.reason

    assert "few.jsonl: has no synthetic rows; name a dataset" in reason("few.jsonl", "openings")
    assert "made.jsonl: has no real rows; name a dataset" in reason("made.jsonl", "drift")
    assert "few.jsonl: all rows: fewer than 20 with text" in reason("made.jsonl", "distinct_n", few=True)
    assert "no field is named" in reason("made.jsonl", "representation", few=True)
    assert "the field topic is in no row" in reason("made.jsonl", "representation", few=True, fields=("topic",))
    assert reason("numbers.jsonl", "near_duplicates") == "numbers.jsonl: has no text"
    assert "its samples are files" in reason("images", "near_duplicates")
    for path in (project.root / ".dvc/cache").rglob("*"):
        if path.is_file():
            path.chmod(0o600)
            path.unlink()
    (project.root / "few.jsonl").unlink()
    assert "few.jsonl: its data is not here; fetch it with `dvc pull" in reason("few.jsonl", "near_duplicates")


def test_infer_refuses_what_it_cannot_do(project: Project) -> None:
    add(project, "made.jsonl", [{"text": "a text"}], "unknown")
    refusal = project.refusal("infer", "made.jsonl", "--against", "gone.jsonl")
    assert "gone.jsonl: not a dataset that DVC tracks" in refusal
    assert project.provenance("infer", "made.jsonl").code == 2
    assert project.provenance("infer", "made.jsonl", "--against", "made.jsonl", "--margin", "2").code == 2
    nothing = {"candidates": [], "unknown": 1, "words_shared": 1.0}
    assert project.ask("infer", "made.jsonl", "--against", "made.jsonl") == nothing
    add(project, "numbers.jsonl", [{"text": number} for number in range(30)], "unknown")
    refusal = project.refusal("infer", "made.jsonl", "--against", "numbers.jsonl")
    assert "numbers.jsonl: has no words that distinguish one row from another" in refusal
    nothing = {"candidates": [], "unknown": 0, "words_shared": None}
    assert project.ask("infer", "numbers.jsonl", "--against", "made.jsonl") == nothing


def test_measures_read_parquet_as_they_read_jsonl(project: Project, tmp_path: Path) -> None:
    rows = [{"text": text} for text in prose(np.random.default_rng(3), 60)]
    add(project, "a.jsonl", [*rows, *rows[:2]], "synthetic")
    add(project, "reference.jsonl", [{"text": text} for text in prose(np.random.default_rng(4), 90)], "real")
    pq.write_table(pa.Table.from_pylist([*rows, *rows[:2]]), project.root / "a.parquet")
    assert project.provenance("add", "a.parquet", "--origin", "synthetic", "--source", "test").code == 0
    with parts(project, "a.jsonl", "a.parquet", "reference.jsonl") as (jsonl, parquet, reference):
        one, other = (take(Subject(part, tmp_path, reference=reference), needs="data") for part in (jsonl, parquet))
    for name in ("near_duplicates", "distinct_n", "drift"):
        assert values(one[name]) == values(other[name])
