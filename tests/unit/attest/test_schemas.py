"""The JSON schemas that are published are those of the code, and fit what is written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from support.schemas import schema_of

from provenance.attest.proof_file import Leaf, ProofFile, SampleProof
from provenance.attest.statement import DatasetPredicate, TreeState, VerdictPredicate, statement
from provenance.lineage.records import IdentitySettings

SPEC = Path(__file__).resolve().parents[3] / "docs/specification"
IDENTITY = IdentitySettings(digest="sha256", canonical_form=1, rule="named", fields=("text",))
DATASET = DatasetPredicate(
    tool="dvc-provenance 1",
    dataset="a.jsonl",
    rows=3,
    size=9,
    md5="0" * 32,
    sidecar="a.jsonl.lineage.parquet",
    sidecar_md5="1" * 32,
    identity=IDENTITY,
    trees={"rows": TreeState(root="0" * 64, size=3)},
)
VERDICT = VerdictPredicate(
    tool="dvc-provenance 1",
    file="verdict.json",
    verdict="pass",
    passes=True,
    date="2026-11-29",
    policy=("baseline",),
    policy_digest="sha256:0",
    policy_files=("policy.yaml",),
    inputs=("a.jsonl",),
)
PROOF = ProofFile(
    tool="dvc-provenance 1",
    dataset="a.jsonl",
    tree="rows",
    root="0" * 64,
    size=1,
    checksum="0" * 64,
    proofs=(SampleProof(row=1, sample="ab", leaf=Leaf(sample="ab", index=0, path=())),),
)


def published(name: str) -> Any:
    return json.loads((SPEC / f"{name}.schema.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("name", "model"),
    [("dataset-predicate", DatasetPredicate), ("verdict-predicate", VerdictPredicate), ("proof", ProofFile)],
)
def test_the_schema_in_the_documentation_is_that_of_the_code(name: str, model: type[BaseModel]) -> None:
    assert published(name) == schema_of(model)


@pytest.mark.parametrize(("name", "predicate"), [("dataset-predicate", DATASET), ("verdict-predicate", VERDICT)])
def test_what_is_signed_fits_the_schema(name: str, predicate: DatasetPredicate | VerdictPredicate) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    signed = json.loads(statement([], predicate))["predicate"]
    jsonschema.Draft202012Validator(published(name)).validate(signed)
    del signed["tool"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(published(name)).validate(signed)


def test_a_proof_fits_the_schema_and_one_with_more_in_it_does_not() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    validator = jsonschema.Draft202012Validator(published("proof"))
    written = json.loads(PROOF.model_dump_json())
    validator.validate(written)
    with pytest.raises(jsonschema.ValidationError):
        validator.validate({**written, "verified": True})
