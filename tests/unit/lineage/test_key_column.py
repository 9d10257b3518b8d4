"""Parents by a key: exact where it is one, nothing where it is not, and the same as by `_parents`."""

from __future__ import annotations

import random
import warnings
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.workbench import DERIVATION, GENERATION, WRITER, Workbench, identifier

from provenance.errors import DataError, ProvenanceWarning, SidecarError
from provenance.lineage.births import ParentKey, RecordedBirths
from provenance.lineage.schema import birth_schema
from provenance.lineage.vocabulary import Vocabulary

DOCUMENTS: list[dict[str, Any]] = [{"id": number, "text": f"document {number}"} for number in range(1, 6)]
BY_ID = ParentKey("id", "id")


def parents(workbench: Workbench, path: Path) -> dict[str, list[str]]:
    """Of each sample that is in a row, its parents."""
    return {each["sample_id"]: each["parents"] for each in workbench.records(path) if each["rows"]}


def test_changed_rows_come_from_the_row_with_their_key_and_unchanged_ones_are_carried(workbench: Workbench) -> None:
    documents = workbench.collected("documents.jsonl", DOCUMENTS)
    changed = [{"id": 2, "text": "changed"}, DOCUMENTS[4], {"id": 9, "text": "whose?"}, {"text": "without"}]
    out = workbench.dataset("out.jsonl", changed)
    report = workbench.complete(out, dependencies=[documents], derivation=DERIVATION, key=BY_ID)
    assert (report.derived, report.carried, report.unknown) == (1, 1, 2)
    record = workbench.record(out, {"text": "changed"})
    assert record["parents"] == [identifier(DOCUMENTS[1])] and record["evidence"] == "declared"
    assert record["origin"] == "real" and record["source"] is not None


def test_numbers_and_text_may_be_one_key(workbench: Workbench) -> None:
    table = workbench.folder / "documents.csv"
    table.write_text("doc,text\n1,one\n2,two\n", encoding="utf-8")
    documents = workbench.dependency(table, sidecar=False)
    out = workbench.dataset("out.jsonl", [{"doc_id": 2, "text": "changed"}])
    key = ParentKey("doc_id", "doc", "documents.csv")
    workbench.complete(out, dependencies=[documents], derivation=DERIVATION, key=key)
    assert parents(workbench, out) == {identifier({"text": "changed"}): [identifier({"text": "two"})]}


def test_a_key_that_several_samples_have_claims_nothing(workbench: Workbench) -> None:
    one = workbench.collected("one.jsonl", [*DOCUMENTS, {"id": 1, "text": "another first"}, DOCUMENTS[1]])
    two = workbench.collected("two.jsonl", [{"id": 3, "text": "a third of their own"}])
    out = workbench.dataset("out.jsonl", [{"id": number, "text": f"changed {number}"} for number in (1, 2, 3)])
    report = workbench.complete(out, dependencies=[one, two], derivation=DERIVATION, key=BY_ID)
    assert (report.derived, report.unknown) == (1, 2)
    assert workbench.record(out, {"text": "changed 2"})["parents"] == [identifier(DOCUMENTS[1])]
    # Named, it is looked for in that dataset alone.
    out = workbench.dataset("out.jsonl", [{"id": 3, "text": "changed 3"}])
    named = ParentKey("id", "id", "two.jsonl")
    workbench.complete(out, dependencies=[one, two], derivation=DERIVATION, key=named)
    assert workbench.record(out, {"text": "changed 3"})["parents"] == [identifier({"text": "a third of their own"})]


def test_it_says_why_a_changed_row_gets_no_parent_by_its_key(workbench: Workbench) -> None:
    read = [*DOCUMENTS, {"id": 1, "text": "another first"}, {"id": None, "text": "none"}]
    documents = workbench.collected("documents.jsonl", read)
    changed = [{"id": number, "text": f"changed {number}"} for number in (1, 2, 8, 9, None)]
    out = workbench.dataset("out.jsonl", [*changed, {"id": 7, "text": "document 3"}])
    with warnings.catch_warnings(record=True) as caught:
        workbench.complete(out, dependencies=[documents], derivation=DERIVATION, key=BY_ID)
    assert [str(each.message).partition(": ")[2] for each in caught] == [
        "no parents by key for 2 rows: no row that was read has their 'id'; the first is '8'",
        "no parents by key for 1 row: rows of several samples have its 'id'; it is '1'",
    ]
    with pytest.warns(ProvenanceWarning, match="no dataset that the stage depends on has values in a column 'uid'"):
        workbench.complete(out, dependencies=[documents], derivation=DERIVATION, key=ParentKey("id", "uid"))


def test_a_column_with_gaps_has_the_keys_of_one_without(workbench: Workbench) -> None:
    table = pa.table({"id": [1.0, None, 3.0], "text": ["one", "none", "three"]})
    pq.write_table(table, workbench.folder / "documents.parquet")
    documents = workbench.dependency(workbench.folder / "documents.parquet", sidecar=False)
    out = workbench.dataset("out.jsonl", [{"id": "3", "text": "changed"}])
    workbench.complete(out, dependencies=[documents], derivation=DERIVATION, key=BY_ID)
    assert parents(workbench, out) == {identifier({"text": "changed"}): [identifier({"text": "three"})]}


def test_contents_that_changed_places_were_moved(workbench: Workbench) -> None:
    documents = workbench.collected("documents.jsonl", DOCUMENTS)
    swapped = [{"id": 1, "text": "document 2"}, {"id": 2, "text": "document 1"}]
    out = workbench.dataset("out.jsonl", swapped)
    report = workbench.complete(out, dependencies=[documents], derivation=DERIVATION, key=BY_ID)
    assert (report.derived, report.carried) == (0, 2)


def test_contents_of_a_dataset_without_the_key_were_moved(workbench: Workbench) -> None:
    documents = workbench.collected("documents.jsonl", [*DOCUMENTS, {"text": "without"}])
    questions: list[dict[str, Any]] = [{"text": "question 1"}, {"text": "question 2"}]
    others = workbench.collected("questions.jsonl", questions)
    numbered = [
        {"id": number, "text": row["text"]}
        for number, row in enumerate([*questions, {"text": "without"}, DOCUMENTS[0]], 1)
    ]
    for key in (BY_ID, ParentKey("id", "id", "documents.jsonl")):
        out = workbench.dataset("out.jsonl", numbered)
        report = workbench.complete(out, dependencies=[documents, others], derivation=DERIVATION, key=key)
        assert (report.derived, report.carried) == (0, 4)
        assert not any(parents(workbench, out).values())


def test_a_row_that_names_its_parents_keeps_them(workbench: Workbench) -> None:
    documents = workbench.collected("documents.jsonl", DOCUMENTS)
    out = workbench.dataset("out.jsonl", [{"id": 1, "text": "changed", "_parents": "documents.jsonl:4"}])
    workbench.complete(out, dependencies=[documents], derivation=DERIVATION, key=BY_ID)
    record = workbench.record(out, {"text": "changed"})
    assert record["parents"] == [identifier(DOCUMENTS[3])] and record["evidence"] == "observed"


def test_what_a_model_wrote_has_the_row_with_its_key_for_its_input(workbench: Workbench) -> None:
    documents = workbench.collected("documents.jsonl", DOCUMENTS)
    out = workbench.dataset("out.jsonl", [{"id": 1, "text": "an answer", "_model": "writer", "_kind": "answer"}])
    report = workbench.complete(out, dependencies=[documents], derivation=DERIVATION, key=BY_ID)
    assert report.recorded == 1
    record = workbench.record(out, {"text": "an answer"})
    assert record["parents"] == [identifier(DOCUMENTS[0])] and record["origin"] == "synthetic"
    assert record["evidence"] == "declared"


def test_what_is_stated_of_a_row_without_parents_has_the_row_with_its_key_for_its_input(workbench: Workbench) -> None:
    documents = workbench.collected("documents.jsonl", DOCUMENTS)
    rows: list[dict[str, Any]] = [
        {"id": 1, "text": "an answer"},
        {"id": 2, "text": "answered from another"},
        {"id": 3, "text": "changed"},
        {"id": 9, "text": "of nothing"},
    ]
    out = workbench.dataset("out.jsonl", rows)
    other = bytes.fromhex(identifier(DOCUMENTS[4]))
    births = [
        {"row": row, "origin": "synthetic", "kind": "answer", "activity": 0, "evidence": "declared", "parents": parents}
        | {"parent_roles": ["context"] * len(parents)}
        for row, parents in ((1, []), (2, [other]), (4, []))
    ]
    file = workbench.folder / "births.parquet"
    pq.write_table(pa.Table.from_pylist(births, schema=birth_schema()), file)
    vocabulary = Vocabulary()
    vocabulary.add([GENERATION], agents=[WRITER])
    stated = RecordedBirths(file, [GENERATION], vocabulary)
    with pytest.warns(ProvenanceWarning, match="for 1 row: no row that was read has its 'id'; it is '9'"):
        report = workbench.complete(out, dependencies=[documents], derivation=DERIVATION, key=BY_ID, births=stated)
    assert (report.recorded, report.derived, report.born_twice) == (3, 1, 0)
    found = {each["sample_id"]: (each["origin"], each["parents"]) for each in workbench.records(out) if each["rows"]}
    assert found == {
        identifier(rows[0]): ("synthetic", [identifier(DOCUMENTS[0])]),
        identifier(rows[1]): ("synthetic", [identifier(DOCUMENTS[4])]),
        identifier(rows[2]): ("real", [identifier(DOCUMENTS[2])]),
        identifier(rows[3]): ("synthetic", []),
    }


def test_settings_that_fit_no_data_are_an_error(workbench: Workbench) -> None:
    documents = workbench.collected("documents.jsonl", DOCUMENTS)
    out = workbench.dataset("out.jsonl", [{"id": 1, "text": "changed"}])

    def complete(key: ParentKey) -> None:
        workbench.complete(out, dependencies=[documents], derivation=DERIVATION, key=key)

    with pytest.raises(DataError, match="has no column 'uid', the key that provenance.yaml names"):
        complete(ParentKey("uid", "id"))
    with pytest.raises(SidecarError, match=r"documents\.jsonl: has no column 'uid'"):
        complete(ParentKey("id", "uid", "documents.jsonl"))
    with pytest.raises(SidecarError, match=r"others\.jsonl: .* of out\.jsonl .* the stage does not depend on it; add"):
        complete(ParentKey("id", "id", "others.jsonl"))


def stage(rng: random.Random, read: list[dict[str, Any]], step: int) -> list[dict[str, Any]]:
    """What a script may do: drop rows, repeat some, change the text of some, and write them in another order."""
    kept = rng.sample(read, rng.randint(1, len(read)))
    kept += rng.sample(kept, rng.randint(0, min(2, len(kept))))
    changed = [{**row, "text": f"{row['text']}, {step}"} if rng.random() < 0.5 else row for row in kept]
    rng.shuffle(changed)
    return changed


@pytest.mark.filterwarnings("ignore::provenance.errors.ProvenanceWarning")
@pytest.mark.parametrize("seed", range(20))
def test_it_gives_the_records_that_parents_give(workbench: Workbench, seed: int) -> None:
    rng = random.Random(seed)
    texts = [f"text {number}" for number in range(4)]
    read = [{"id": number, "text": rng.choice(texts) if rng.random() < 0.5 else f"own {number}"} for number in range(8)]
    by_key = [workbench.collected("key-0.jsonl", read)]
    by_parents = [workbench.collected("parents-0.jsonl", read)]
    for step in range(1, 4):
        written = stage(rng, read, step)
        places = {row["id"]: f"{by_parents[-1].path}:{place}" for place, row in enumerate(read, start=1)}
        named = [{**row, "_parents": places[row["id"]]} for row in written]
        outs = workbench.dataset(f"key-{step}.jsonl", written), workbench.dataset(f"parents-{step}.jsonl", named)
        workbench.complete(outs[0], dependencies=by_key[-1:], derivation=DERIVATION, key=BY_ID)
        workbench.complete(outs[1], dependencies=by_parents[-1:], derivation=DERIVATION)
        told, same = (
            [{**each, "activity": None, "evidence": None, "chain_evidence": None} for each in workbench.records(out)]
            for out in outs
        )
        assert told == same, step
        by_key.append(workbench.dependency(outs[0]))
        by_parents.append(workbench.dependency(outs[1]))
        # An id twice would be no key any more.
        read = list({row["id"]: row for row in written}.values())
        for chain in (by_key, by_parents):
            last = workbench.dataset(chain[-1].path.replace("-", "-one-"), read)
            workbench.complete(last, dependencies=chain[-1:], derivation=DERIVATION)
            chain.append(workbench.dependency(last))
