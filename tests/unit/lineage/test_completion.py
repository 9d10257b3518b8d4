from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.workbench import DERIVATION, LIBRARY, WRITER, Workbench, identifier

from provenance.errors import DataError, SidecarError
from provenance.identity import Identity
from provenance.identity.names import sidecar_path
from provenance.lineage.sidecar import open_sidecar
from provenance.lineage.words import doubts_of

DOCUMENTS = [{"text": f"document {number}"} for number in range(5)]


def test_a_collection_explains_every_row(workbench: Workbench) -> None:
    documents = workbench.collected("documents.jsonl", [*DOCUMENTS, DOCUMENTS[0]])
    records = workbench.records(documents)
    assert [record["sample_id"] for record in records] == sorted(identifier(row) for row in DOCUMENTS)
    assert workbench.record(documents, DOCUMENTS[0])["rows"] == 2
    assert {(r["origin"], r["depth"], r["real_rooted"], r["license"]) for r in records} == {("real", 0, True, "MIT")}
    header = open_sidecar(Path(sidecar_path(str(documents.data)))).header
    assert header.dataset.rows == 6
    assert header.sources == (LIBRARY,)
    assert header.identity.fields == ("text",)


def test_unchanged_rows_are_carried_with_their_ancestors(workbench: Workbench) -> None:
    documents = workbench.collected("documents.jsonl", DOCUMENTS)
    written = [{"text": "written 0"}]
    synthetic = workbench.generated("synthetic.jsonl", written, [[identifier(DOCUMENTS[3])]], [documents])
    mix = workbench.dataset("mix.jsonl", [written[0], DOCUMENTS[1], written[0]])
    report = workbench.complete(mix, dependencies=[documents, synthetic], derivation=DERIVATION)
    assert (report.rows, report.samples, report.carried, report.unknown, report.ancestors) == (3, 2, 3, 0, 1)
    record = workbench.record(mix, written[0])
    assert (record["rows"], record["origin"], record["depth"], record["real_rooted"]) == (2, "synthetic", 1, True)
    ancestor = workbench.record(mix, DOCUMENTS[3])
    assert (ancestor["rows"], ancestor["origin"], ancestor["source"]) == (0, "real", 0)


def test_a_row_nobody_explained_is_unknown(workbench: Workbench) -> None:
    path = workbench.dataset("mix.jsonl", DOCUMENTS[:2])
    report = workbench.complete(path)
    assert report.unknown == 2
    record = workbench.record(path, DOCUMENTS[0])
    assert (record["origin"], record["evidence"], record["activity"], record["depth"]) == ("unknown", None, None, None)


@pytest.mark.parametrize(
    "reference", ["{id}", "documents.jsonl:3", "././documents.jsonl:3", "{folder}/documents.jsonl:3"]
)
def test_parents_column_makes_a_derivation_and_is_stripped(workbench: Workbench, reference: str) -> None:
    documents = workbench.collected("documents.jsonl", DOCUMENTS)
    parent = reference.format(id=identifier(DOCUMENTS[2]), folder=workbench.folder)
    mix = workbench.dataset("mix.jsonl", [{"text": "shorter", "_parents": [parent]}, DOCUMENTS[0]])
    report = workbench.complete(mix, dependencies=[documents], derivation=DERIVATION)
    assert (report.derived, report.carried, report.dangling) == (1, 1, 0)
    record = workbench.record(mix, {"text": "shorter"})
    assert record["parents"] == [identifier(DOCUMENTS[2])]
    assert (record["origin"], record["depth"], record["license"], record["source"]) == ("real", 0, "MIT", 0)
    assert [json.loads(line) for line in mix.read_text().splitlines()] == [{"text": "shorter"}, DOCUMENTS[0]]


def test_a_row_that_names_itself_as_parent_is_unchanged(workbench: Workbench) -> None:
    documents = workbench.collected("documents.jsonl", DOCUMENTS)
    mix = workbench.dataset("mix.jsonl", [{**DOCUMENTS[0], "_parents": [identifier(DOCUMENTS[0])]}])
    report = workbench.complete(mix, dependencies=[documents], derivation=DERIVATION)
    assert (report.carried, report.derived) == (1, 0)


def test_a_derivation_from_real_and_synthetic_is_mixed(workbench: Workbench) -> None:
    documents = workbench.collected("documents.jsonl", DOCUMENTS)
    written = {"text": "written"}
    synthetic = workbench.generated("synthetic.jsonl", [written], [[identifier(DOCUMENTS[0])]], [documents])
    joined: dict[str, Any] = {
        "text": "both",
        "_parents": [identifier(written), identifier(DOCUMENTS[1])],
        "_parent_roles": ["a", "b"],
    }
    mix = workbench.dataset("mix.jsonl", [joined])
    workbench.complete(mix, dependencies=[documents, synthetic], derivation=DERIVATION)
    record = workbench.record(mix, {"text": "both"})
    assert (record["origin"], record["depth"], record["kind"], record["agent"]) == ("mixed", 1, "rewrite", 0)
    assert record["parent_roles"] == ["a", "b"]
    assert open_sidecar(Path(sidecar_path(str(mix)))).header.agents == (WRITER,)


def test_depth_counts_model_steps_within_one_dataset(workbench: Workbench) -> None:
    documents = workbench.collected("documents.jsonl", DOCUMENTS)
    chain = [{"text": f"revision {number}"} for number in range(4)]
    parents = [[identifier(DOCUMENTS[0])], *([identifier(row)] for row in chain[:3])]
    synthetic = workbench.generated("chain.jsonl", chain, parents, [documents])
    assert [workbench.record(synthetic, row)["depth"] for row in chain] == [1, 2, 3, 4]


def test_a_parent_no_sidecar_knows_is_kept_as_unknown(workbench: Workbench) -> None:
    stranger = "ab" * 16
    synthetic = workbench.dataset("mix.jsonl", [{"text": "x", "_parents": [stranger]}])
    report = workbench.complete(synthetic, derivation=DERIVATION)
    assert report.dangling == 1
    (ancestor,) = [r for r in workbench.records(synthetic) if r["sample_id"] == stranger]
    assert (ancestor["rows"], ancestor["origin"], ancestor["content_bytes"]) == (0, "unknown", None)
    record = workbench.record(synthetic, {"text": "x"})
    assert (record["origin"], record["depth"], record["real_rooted"]) == ("unknown", None, None)


def test_a_parent_in_a_dependency_without_sidecar_is_seen_but_unknown(workbench: Workbench) -> None:
    raw = workbench.dependency(workbench.dataset("raw.jsonl", DOCUMENTS), sidecar=False)
    mix = workbench.dataset("mix.jsonl", [{"text": "x", "_parents": "raw.jsonl:2"}])
    report = workbench.complete(mix, dependencies=[raw], derivation=DERIVATION)
    assert report.dangling == 0
    assert workbench.record(mix, DOCUMENTS[1])["content_bytes"] > 0


def test_rows_of_a_sample_born_twice_are_counted_by_birth(workbench: Workbench) -> None:
    documents = workbench.collected("documents.jsonl", DOCUMENTS)
    parroted = workbench.generated("parrot.jsonl", [DOCUMENTS[0]], [[identifier(DOCUMENTS[1])]], [documents])
    mix = workbench.dataset("mix.jsonl", [DOCUMENTS[0], DOCUMENTS[0]])
    report = workbench.complete(mix, dependencies=[documents, parroted], derivation=DERIVATION)
    assert report.born_twice == 1
    births = [r for r in workbench.records(mix) if r["sample_id"] == identifier(DOCUMENTS[0])]
    # Observed generation is better evidence than a declared collection.
    assert [(r["rows"], r["possible_rows"], r["origin"]) for r in births] == [
        (1, None, "synthetic"),
        (1, None, "real"),
    ]
    one = workbench.dataset("one.jsonl", [DOCUMENTS[0]])
    workbench.complete(one, dependencies=[documents, parroted], derivation=DERIVATION)
    births = [r for r in workbench.records(one) if r["sample_id"] == identifier(DOCUMENTS[0])]
    assert [(r["rows"], r["possible_rows"], r["ambiguous_rows"]) for r in births] == [(0, 1, 1), (0, 1, None)]


def test_a_model_that_repeats_its_parent_gives_a_second_birth(workbench: Workbench) -> None:
    documents = workbench.collected("documents.jsonl", DOCUMENTS)
    both = [identifier(DOCUMENTS[0]), identifier(DOCUMENTS[1])]
    echo = workbench.generated("echo.jsonl", DOCUMENTS[:2], [both[:1], both], [documents])
    births = [r for r in workbench.records(echo) if r["sample_id"] == both[0]]
    assert [(r["origin"], r["depth"], r["real_rooted"], r["parents"]) for r in births] == [
        ("synthetic", 1, True, []),
        ("real", 0, True, []),
    ]
    births = [r for r in workbench.records(echo) if r["sample_id"] == both[1]]
    # Whether its other parent was the document or the model's echo of it, nobody said.
    assert [(r["origin"], r["depth"], doubts_of(r["doubts"]), r["parents"]) for r in births] == [
        ("synthetic", None, ("depth",), both[:1]),
        ("real", 0, (), []),
    ]


def test_a_model_that_repeats_what_nobody_explained(workbench: Workbench) -> None:
    echo = workbench.generated("echo.jsonl", DOCUMENTS[:1], [[identifier(DOCUMENTS[0])]])
    record = workbench.record(echo, DOCUMENTS[0])
    assert (record["origin"], record["depth"], record["real_rooted"], record["parents"]) == (
        "synthetic",
        None,
        None,
        [],
    )


def test_rows_are_aligned_on_the_fields_they_share(workbench: Workbench) -> None:
    pairs = [{"question": f"q{n}", "answer": "yes"} for n in range(3)]
    real = workbench.collected("pairs.jsonl", pairs)
    questions = workbench.dataset("questions.jsonl", [{"question": "q1"}, {"question": "other"}])
    report = workbench.complete(questions, dependencies=[real], derivation=DERIVATION)
    assert (report.aligned, report.unknown) == (1, 1)
    record = workbench.record(questions, {"question": "q1"})
    assert (record["parents"], record["origin"]) == ([identifier(pairs[1])], "real")
    activities = open_sidecar(Path(sidecar_path(str(questions)))).header.activities
    assert activities[record["activity"]].aligned_on == ("question",)


def test_content_beyond_the_shared_fields_is_of_unknown_origin(workbench: Workbench) -> None:
    real = workbench.collected("documents.jsonl", DOCUMENTS)
    labelled = workbench.dataset("labelled.jsonl", [{**DOCUMENTS[0], "answer": "positive"}])
    report = workbench.complete(labelled, dependencies=[real], derivation=DERIVATION)
    assert report.aligned == 1
    record = workbench.record(labelled, {**DOCUMENTS[0], "answer": "positive"})
    assert (record["origin"], record["parents"]) == ("unknown", [identifier(DOCUMENTS[0])])


def test_nothing_is_claimed_where_alignment_is_ambiguous(workbench: Workbench) -> None:
    pairs = [{"question": "same", "answer": answer} for answer in "ab"]
    real = workbench.collected("pairs.jsonl", pairs)
    written = workbench.generated("written.jsonl", [{"question": "other", "answer": "c"}], [[]])
    both = workbench.collected("both.jsonl", [{"question": "other", "answer": "d"}])
    questions = workbench.dataset("questions.jsonl", [{"question": "same"}, {"question": "other"}])
    report = workbench.complete(questions, dependencies=[real, written, both], derivation=DERIVATION)
    assert (report.aligned, report.unknown) == (1, 1)
    found = workbench.record(questions, {"question": "same"})
    # What all samples that fit have in common is taken over; a parent is not claimed.
    said = ("parents", "origin", "depth", "real_rooted", "license", "chain_evidence")
    assert [found[name] for name in said] == [[], "real", 0, True, "MIT", "declared"]
    assert workbench.record(questions, {"question": "other"})["origin"] == "unknown"


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("not an id", "neither a sample id nor PATH:ROW"),
        ("elsewhere.jsonl:1", "not a dataset this stage depends on"),
        ("documents.jsonl:99", "no such row"),
    ],
)
def test_a_wrong_parent_is_an_error_with_its_row_and_nothing_is_lost(
    workbench: Workbench, reference: str, said: str
) -> None:
    documents = workbench.collected("documents.jsonl", DOCUMENTS)
    mix = workbench.dataset("mix.jsonl", [DOCUMENTS[0], {"text": "x", "_parents": [reference]}])
    before = mix.read_bytes()
    with pytest.raises(DataError, match=said) as caught:
        workbench.complete(mix, dependencies=[documents], derivation=DERIVATION)
    assert caught.value.row == 2
    assert mix.read_bytes() == before
    assert not Path(sidecar_path(str(mix))).exists()


def test_samples_that_are_their_own_ancestors_are_an_error(workbench: Workbench) -> None:
    rows: list[dict[str, Any]] = [{"text": "a"}, {"text": "b"}]
    mix = workbench.dataset(
        "mix.jsonl", [{**rows[0], "_parents": [identifier(rows[1])]}, {**rows[1], "_parents": [identifier(rows[0])]}]
    )
    with pytest.raises(SidecarError, match="its own ancestor"):
        workbench.complete(mix, derivation=DERIVATION)


def test_ids_of_another_digest_are_never_mixed(workbench: Workbench) -> None:
    documents = workbench.collected("documents.jsonl", DOCUMENTS)
    mix = workbench.dataset("mix.jsonl", DOCUMENTS)
    with pytest.raises(SidecarError, match="use one digest"):
        workbench.complete(mix, dependencies=[documents], identity=Identity(digest="sha256"))


def test_the_same_inputs_give_the_same_bytes(workbench: Workbench) -> None:
    documents = workbench.collected("documents.jsonl", [{"text": f"document {n}"} for n in range(3_000)])
    mixes = []
    for name in ("one.jsonl", "two.jsonl"):
        rows: list[dict[str, Any]] = [{"text": f"document {n}"} for n in range(0, 3_000, 2)]
        rows += [{"text": f"changed {n}", "_parents": [f"documents.jsonl:{n}"]} for n in range(1, 500)]
        path = workbench.dataset(name, rows)
        target = path.rename(workbench.folder / "mix.jsonl")
        workbench.complete(target, dependencies=[documents], derivation=DERIVATION)
        mixes.append(Path(sidecar_path(str(target))).read_bytes())
    assert mixes[0] == mixes[1]


@pytest.mark.parametrize("name", ["a[1].jsonl", "a*.jsonl", "a'b?.jsonl", 'say "x".jsonl'])
def test_a_file_name_is_never_a_pattern(workbench: Workbench, name: str) -> None:
    documents = workbench.collected(name, DOCUMENTS)
    mix = workbench.dataset("mix.jsonl", DOCUMENTS)
    assert workbench.complete(mix, dependencies=[documents]).carried == len(DOCUMENTS)


def test_equal_rows_of_a_dataset_without_a_sidecar_are_of_unknown_birth(workbench: Workbench) -> None:
    known = workbench.collected("known.jsonl", DOCUMENTS[:2])
    nobodys = workbench.dependency(workbench.dataset("nobodys.jsonl", DOCUMENTS[1:3]), sidecar=False)
    mix = workbench.dataset("mix.jsonl", [*DOCUMENTS[:3], DOCUMENTS[1]])
    report = workbench.complete(mix, dependencies=[known, nobodys], derivation=DERIVATION)
    assert (report.carried, report.unknown) == (3, 1)
    found = {
        number: [(r["origin"], r["rows"]) for r in workbench.records(mix) if r["sample_id"] == identifier(row)]
        for number, row in enumerate(DOCUMENTS[:3])
    }
    assert found == {0: [("real", 1)], 1: [("real", 1), ("unknown", 1)], 2: [("unknown", 1)]}
