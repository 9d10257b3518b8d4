"""Measures that read data, in repositories and on real data."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
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
    judged_with_all,
    openings,
    self_repetition,
    take,
)
from provenance.auditing.measures.drift import drift
from provenance.auditing.measures.near_duplicates import bands, shingles
from provenance.auditing.texts.comparing import compared
from provenance.auditing.texts.words import Words, spelled, words
from provenance.identity import sample_id
from provenance.ledger.sidecars import Sidecars
from provenance.repository import Repository

DIVERSITY = (compression_ratio, distinct_n, openings, self_repetition)
SPLITS = 30


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
    assert list(answer) == ["candidates", "unknown", "words_shared", "possible_parents"]
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
    findings = dict.fromkeys([*(module.MEASURE.name for module in DIVERSITY), "drift", "any", "duplicates"], 0)
    for seed in range(SPLITS):
        order = np.random.default_rng(seed).permutation(len(texts))
        pool = pool_of([texts[row] for row in order[:330]], [texts[row] for row in order[330:660]], seed=seed)
        found: dict[str, Measured | NotMeasured] = {
            module.MEASURE.name: compared(pool, module.prepare(pool), rules=5) for module in DIVERSITY
        }
        found["drift"] = drift(pool, rules=5)
        for name, each in found.items():
            findings[name] += values(each)["p"] <= 0.01
        (judged,) = judged_with_all([found])
        findings["any"] += any(values(each)["p_adjusted"] <= 0.01 for each in judged.values())
        few = pa.array([texts[row] for row in order[:660]], pa.large_string())
        findings["duplicates"] += paired(words(few), seed) > 0.01
    # Stated: one in a hundred. Of 30 at 1%, more than 3 are seen in 0.02% of cases.
    assert max(findings.values()) <= 3, findings


def paired(text_words: Words, seed: int) -> float:
    """The part of the rows that share a band with another."""
    found = bands(*shingles(text_words), seed)
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
    assert values(found["near_duplicates"]) == {"rows": 43, "fraction": 43 / 322, "rows_with_text": 322}
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
        {"text": text, "language": str(pick.choice(["en", "de"], p=[share, 1 - share])), "origin": made}
        for made, share in (("real", 0.8), ("synthetic", 0.3))
        for text in prose(pick, 400, words_a_row=30)
    ]
    order = pick.permutation(len(rows))
    rows = [rows[row] for row in order]
    project.write({"mix.jsonl": lines(rows)})
    project.run("dvc", "add", "--quiet", "mix.jsonl")
    answer = project.provenance("declare", "mix.jsonl", "--from", "columns", "--map", "origin=origin")
    assert answer.code == 0, answer.stderr
    return rows


def test_synthetic_rows_are_compared_with_the_real_part_of_a_mix(project: Project, tmp_path: Path) -> None:
    rows = mixed_up(project)
    pairs = Counter((row["origin"], row["language"]) for row in rows)
    counts = {made: {v: pairs[made, v] for v in ("de", "en")} for made in ("real", "synthetic")}
    with parts(project, "mix.jsonl") as (mix,):
        subject = Subject(mix, tmp_path, fields=("language",))
        found = take(subject, ["drift", "representation", "distinct_n"])
        again = take(subject, ["drift", "representation", "distinct_n"])
    assert found == again
    assert isinstance(found["distinct_n"], Measured)
    assert found["distinct_n"].sampled == (
        "400 different texts of 400 rows of mix.jsonl: synthetic and mixed rows against "
        "400 different texts of 400 rows of mix.jsonl: real rows, seed 0"
    )
    assert values(found["distinct_n"])["significant_difference"] == values(found["drift"])["significant_effect"] == 0
    assert "rows taken for independent" in values(found["drift"])["deal"]
    table = [[counts[made][v] + 0.5 for v in ("de", "en")] for made in ("synthetic", "real")]
    representation = values(found["representation"])
    ratios = [(table[0][place] / 400.5) / (table[1][place] / 400.5) for place in (0, 1)]
    said = representation["fields"]["language"]["values"]
    assert [said[v]["ratio"] for v in ("de", "en")] == pytest.approx(ratios)
    assert representation["outside"] == 2
    assert (representation["smallest_ratio"], representation["greatest_ratio"]) == pytest.approx((ratios[1], ratios[0]))
    assert representation["p"] == pytest.approx(2 * said["de"]["p"] / 2)


def test_children_are_dealt_with_their_own_parents(project: Project, tmp_path: Path) -> None:
    pick = np.random.default_rng(6)
    parents = prose(pick, 300)
    rewritten = [
        f"{re.sub(r'w.*?7', 'so', text)} so" if row < 30 else f"{text} x{row}" for row, text in enumerate(parents)
    ]
    add(project, "parents.jsonl", [{"text": text} for text in [*parents, *prose(pick, 2500)]], "real")
    rows = [{"text": text, "made_from": f"parents.jsonl:{row + 1}"} for row, text in enumerate(rewritten)]
    project.write({"made.jsonl": lines(rows)})
    project.run("dvc", "add", "--quiet", "made.jsonl")
    options = ("--map", "parents=made_from", "--parents", "parents.jsonl", "--set", "kind=rewrite", "--set", "model=m")
    answer = project.provenance("declare", "made.jsonl", "--from", "columns", *options)
    assert answer.code == 0, answer.stderr
    with parts(project, "made.jsonl", "parents.jsonl") as (made, reference):
        found = values(take(Subject(made, tmp_path, reference=reference), ["drift"])["drift"])
    # Of a reference of 2,800 rows 2,000 are drawn, the parents of the compared rows before others; these alone count.
    assert (found["compared_rows"], found["reference_rows"]) == (300, 300)
    assert found["deal"] == "labels dealt within 300 families in both groups (lineage)"
    assert found["p"] <= 0.005


def test_rows_of_too_few_words_are_not_said_to_repeat_nothing(project: Project, tmp_path: Path) -> None:
    add(project, "made.jsonl", [{"text": f"word{row} one"} for row in range(60)], "synthetic")
    add(project, "reference.jsonl", [{"text": text} for text in prose(np.random.default_rng(7), 60)], "real")
    with parts(project, "made.jsonl", "reference.jsonl") as (made, reference):
        found = take(Subject(made, tmp_path, reference=reference), ["openings", "self_repetition", "distinct_n"])
    too_few = "every compared row has fewer than {} words, which are too few for this measure"
    assert found["openings"] == NotMeasured(too_few.format(3))
    assert found["self_repetition"] == NotMeasured(too_few.format(4))
    assert isinstance(found["distinct_n"], Measured)


def test_families_that_a_field_names_are_dealt_whole(project: Project, tmp_path: Path) -> None:
    pick = np.random.default_rng(7)
    rows = [
        {"text": text + f" about{number // 4}" * 3, "document": number // 4}
        for number, text in enumerate(prose(pick, 240))
    ]
    add(project, "made.jsonl", rows[:80], "synthetic")
    add(project, "reference.jsonl", rows[80:], "real")
    with parts(project, "made.jsonl", "reference.jsonl") as (made, reference):
        subject = Subject(made, tmp_path, reference=reference, family="document")
        found = take(subject, ["drift", "self_repetition"])
        misnamed = take(replace(subject, family="dokument"), ["drift"])["drift"]
    assert misnamed == NotMeasured("the field dokument, which names families, is in no row; name another")
    assert values(found["drift"])["deal"] == "60 families of 240 rows dealt whole (the field document)"
    assert values(found["drift"])["significant_effect"] == 0


def test_system_prompts_and_passages_are_measured_as_asked(project: Project, tmp_path: Path) -> None:
    pick = np.random.default_rng(8)
    system = "You are a helpful and careful assistant who thinks step by step and answers in English only."

    def chat(text: str) -> dict[str, Any]:
        turns = [("system", system), ("user", text[:90]), ("assistant", text[90:])]
        return {"messages": [{"role": role, "content": content} for role, content in turns]}

    add(project, "chat.jsonl", [chat(text) for text in prose(pick, 60)], "synthetic")
    add(project, "plain.jsonl", [{"text": text} for text in prose(pick, 120)], "real")
    with parts(project, "chat.jsonl", "plain.jsonl") as (made, reference):
        subject = Subject(made, tmp_path, reference=reference)
        own = take(subject, ["near_duplicates", "openings", "self_repetition"])
        whole = take(replace(subject, text="all"), ["near_duplicates", "openings", "self_repetition"])
        given = take(replace(subject, text="given"), ["near_duplicates"])
    assert values(own["near_duplicates"])["rows"] == 0
    assert values(own["openings"])["significant_difference"] == values(own["self_repetition"])["value"] == 0
    assert values(whole["openings"])["value"] == 1 and values(whole["self_repetition"])["significant_difference"] > 0.2
    assert values(given["near_duplicates"]) == {"rows": 60, "fraction": 1.0, "rows_with_text": 60}


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
            reference = few if options.pop("few", False) else part if options.pop("itself", False) else None
            subject = Subject(part, folder, reference, **options)
            found = take(subject, [measure])[measure]
        assert isinstance(found, NotMeasured), found
        return found.reason

    assert "few.jsonl: has no synthetic rows; name a dataset" in reason("few.jsonl", "openings")
    assert "made.jsonl: has no real rows; name a dataset" in reason("made.jsonl", "drift")
    assert "few.jsonl: all rows: 5 with different text, and fewer than 20" in reason(
        "made.jsonl", "distinct_n", few=True
    )
    assert "no field is named" in reason("made.jsonl", "representation", few=True)
    assert "made.jsonl: is its own reference" in reason("made.jsonl", "drift", itself=True)
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
    nothing = {"candidates": [], "unknown": 1, "words_shared": 1.0, "possible_parents": 1}
    assert project.ask("infer", "made.jsonl", "--against", "made.jsonl") == nothing
    add(project, "numbers.jsonl", [{"text": number} for number in range(30)], "unknown")
    refusal = project.refusal("infer", "made.jsonl", "--against", "numbers.jsonl")
    assert "numbers.jsonl: has no words that distinguish one row from another" in refusal
    nothing = {"candidates": [], "unknown": 0, "words_shared": None, "possible_parents": 1}
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
