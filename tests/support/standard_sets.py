"""What every export is tried on besides small cases: the demo's mix, made without its model, and 100,000 rows."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from support.exported import ABOUT, TERMS
from support.isolation import PROJECT
from support.project import Project, lines

MIX = "data/mix.parquet"
LARGE = "large.jsonl"
LARGE_ROWS = 100_000
_SCRIPTS = ("collect.py", "generate.py", "revise.py", "mix.py")
_STAGES = ("collect", "generate", "revise", "mix")
# The demo's scripts run as they are; only the model's words are another's.
_MODEL = """
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

import provenance

SENTENCE = ""
MODEL = provenance.Model(name="SmolLM2-135M-Instruct", revision="Q4_1", license="Apache-2.0", provider="llama.cpp")


@dataclass(frozen=True)
class Completion:
    text: str
    ended: bool
    usage: dict[str, int]


class LanguageModel:
    def complete(self, prompt: str, request: dict[str, Any]) -> Completion:
        said = f"It does what `{len(prompt) % 7}` says of {len(prompt)} characters."
        text = said if "Rewrite" in prompt else f" do with {len(prompt)} characters?\\nAnswer: {said}"
        return Completion(text, ended=True, usage={"input_tokens": len(prompt) // 4, "output_tokens": 9})


def stage_parameters(stage: str) -> dict[str, Any]:
    return YAML(typ="safe").load(Path("params.yaml"))[stage]
"""


def demo_mix(root: Path) -> Project:
    """A repository with the demo's stages up to its mix."""
    project = Project.new(root)
    project.write({"demo/model.py": _MODEL, "provenance.yaml": _about("python-stdlib", "SmolLM2-135M-Instruct")})
    for name in (*(f"demo/{script}" for script in _SCRIPTS), "params.yaml", "dvc.yaml"):
        shutil.copyfile(PROJECT / name, project.root / name)
    project.commit()
    project.run("dvc", "repro", "--quiet", *_STAGES)
    project.commit()
    return project


def large_set(root: Path) -> Project:
    """A repository with 100,000 rows: half were collected, the others two models wrote from these."""
    project = Project.new(root)
    half = LARGE_ROWS // 2
    documents: list[dict[str, Any]] = [{"id": number, "text": f"document {number}"} for number in range(half)]
    answers = [{"of": number, "model": f"m{number % 2 + 1}", "text": f"answer {number}"} for number in range(half)]
    project.write({"documents.jsonl": lines(documents), LARGE: lines([*documents, *answers])})
    stated = ("--origin", "real", "--source", "manual", "--license", "cc-by-4.0", "--url", "https://manual.example")
    done = [project.provenance("add", "documents.jsonl", *stated)]
    project.run("dvc", "add", "--quiet", LARGE)
    mapped = ("--map", "model=model", "--map", "parent_key=of", "--parents", "documents.jsonl", "--parent-key", "id")
    done.append(project.provenance("declare", LARGE, "--from", "columns", *mapped))
    done.append(project.provenance("model", "add", "m1", "--license", "llama3.1", "--terms", TERMS))
    assert [each.code for each in done] == [0, 0, 0], done
    project.write({"provenance.yaml": ABOUT})
    project.commit()
    return project


def _about(source: str, model: str) -> str:
    return ABOUT.replace("name: manual,", f"name: {source},").replace("{model: m1,", f"{{model: {model},")
