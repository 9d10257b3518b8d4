"""No file that is shared holds a secret: what is stated is refused, what comes with rows is replaced."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from support.project import Project

import provenance
from provenance.errors import ProvenanceError

SECRET = "sk-proj-0aB1cD2eF3gH4iJ5kL6mN7oP8qR9"  # noqa: S105 - nobody's
MODEL = provenance.Model(name="writer")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project.new(tmp_path / "repository")
    project.write({"data/real.jsonl": json.dumps({"text": "real"}) + "\n"})
    project.provenance("add", "data/real.jsonl", "--origin", "real", "--source", "shop")
    return project


def sidecar(path: str) -> str:
    """All that the sidecar of ``path`` holds, as text."""
    file = pq.ParquetFile(f"{path}.lineage.parquet")
    return f"{file.metadata.metadata} {file.read().to_pylist()}"


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"model": provenance.Model(name=f"writer {SECRET}")}, "model: its name"),
        ({"model": provenance.Model(name="m", provider="https://ada:Zq8vLm2p@h/v1")}, "model: its provider"),
        ({"model": provenance.Model(name="m", output_terms=f"see {SECRET}")}, "model: its output_terms"),
        ({"model": MODEL, "prompt": f"With {SECRET}, ask about {{x}}"}, "prompt 'out': its template"),
        ({"model": MODEL, "license": SECRET}, "license"),
        ({"source": provenance.Source(name=SECRET)}, "source: its name"),
        ({"source": provenance.Source(name="s", license=SECRET)}, "source: its license"),
    ],
)
def test_what_is_stated_is_refused(dvc_repository: Path, given: dict[str, Any], named: str) -> None:
    with (
        pytest.raises(ProvenanceError, match=f"{named} holds what looks like a secret") as refused,
        provenance.record("out.jsonl", **given),
    ):
        pass
    assert SECRET not in str(refused.value)
    assert not Path("out.jsonl").exists()


def test_what_comes_with_rows_is_replaced(dvc_repository: Path) -> None:
    prompt = provenance.Prompt(name="ask", template="About {x}")
    key = f"https://ada:{SECRET}@h/1"
    with provenance.record("out.jsonl", model=MODEL, prompt=prompt, keep_prompts=True) as recorder:
        recorder.reject("k", f"refused with {SECRET}")
        told: dict[str, Any] = {
            "verdict": SECRET,
            "verifier": f"judge {SECRET}",
            "response_id": SECRET,
            "license": SECRET,
        }
        recorder.write({"text": "a"}, key=key, parents=[("0" * 32, SECRET)], prompt_variables={"x": SECRET}, **told)
        assert recorder.done(key)
        assert not recorder.done(f"{key}0")
        kept = [file.read_bytes() for file in Path(".dvc/tmp/provenance/journals").rglob("*") if file.is_file()]
        assert any(b"judge REDACTED" in content for content in kept)
        assert not any(SECRET.encode() in content for content in kept)
    assert SECRET not in sidecar("out.jsonl")
    assert "judge REDACTED" in sidecar("out.jsonl")


def test_what_is_declared_is_replaced(project: Project) -> None:
    project.write({"data/told.jsonl": json.dumps({"text": "a", "by": f"judge {SECRET}"}) + "\n"})
    stated = [
        f"model=writer {SECRET}",
        f"template=With {SECRET}",
        f"provider=https://ada:{SECRET}@h",
        f"prompt={SECRET}",
    ]
    options = [part for each in stated for part in ("--set", each)]
    declared = ("declare", "data/told.jsonl", "--from", "columns", "--map", "verifier=by", "--keep-prompts", *options)
    project.provenance(*declared)
    assert SECRET not in sidecar(str(project.root / "data/told.jsonl"))
    assert "judge REDACTED" in sidecar(str(project.root / "data/told.jsonl"))


@pytest.mark.parametrize(
    "stated",
    [
        ["writer", "--terms", SECRET],
        [f"writer/{SECRET}"],
        ["writer", "--trained-on-external", f"https://ada:{SECRET}@h/set"],
        ["writer", "--license", SECRET],
    ],
)
def test_the_register_of_models_refuses_secrets(project: Project, stated: list[str]) -> None:
    line = project.refusal("model", "add", *stated)
    assert "looks like a secret" in line
    register = project.root / "provenance.models.yaml"
    assert not register.exists() or SECRET not in register.read_text()


def test_the_reason_of_a_revocation_is_kept_without_secrets(project: Project) -> None:
    header = "Authorization: Basic YWRhOmh1bnRlcjJodW50ZXIy"
    project.provenance("revoke", "source:shop", "--reason", f"{SECRET} leaked, and {header}")
    written = (project.root / "provenance.revocations.yaml").read_text()
    assert "REDACTED leaked" in written
    assert SECRET not in written and "YWRhOmh1" not in written
