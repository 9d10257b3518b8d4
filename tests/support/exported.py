"""A repository whose datasets are exported: documents, answers of two models to prompts, and a mix of both.

The models agree in one answer, of which the mix has one row: which model wrote it is not known. One row of the mix is a
document that its stage shortened.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from support.project import Project, lines

ABOUT = """version: 1
about:
  - path: "*"
    name: Demo mix
    description: Questions & answers.
    version: "1.2.0"
    published: 2026-11-01
    first_published: 2026-10-01
    license: CC-BY-4.0
    url: https://data.example/mix
    repository: https://git.example/mix
    languages: [en]
    modalities: [text]
    training_size: less than 1 billion tokens
    creators: [{name: A. Author, kind: person, url: "https://author.example"}]
    provider: {name: Example Ltd, url: "https://example.org", email: data@example.org, address: "1 Street, Town"}
    representative: {name: Example EU, email: eu@example.org}
    collection: written by hand
    countries: [Germany]
    use_cases: training small models
    purposes: [pre-training]
    limitations: few rows
    biases: English alone
    personal_information: none
    social_impact: small
    maintenance: yearly
    user_data: none
    crawling: none
    made_by_provider: true
    rights_reservations: robots.txt is heeded
    illegal_content: none was found
    model: {names: [helper-1], dependencies: none, placed_on_market: 2026-12-01}
    sources: [{name: manual, kind: public, modality: text, description: a manual}]
    generators:
      - {model: m1, on_market: true, own: false, modality: text}
      - {model: m2, on_market: false, own: true, modality: text, description: small}
"""
NOTHING_STATED = "version: 1\n"
DOCUMENTS: list[dict[str, Any]] = [{"text": f"document {number}"} for number in range(4)]
ANSWERS: list[dict[str, Any]] = [
    {"text": "yes", "model": "m1", "of": None},
    {"text": "yes", "model": "m2", "of": None},
    {"text": "no", "model": "m1", "of": "document 1"},
]
MIX = """
import json

import provenance

rows = {json.loads(line)["text"]: line for name in ("answers.jsonl", "documents.jsonl") for line in open(name)}
changed = {"text": "document", "_parents": [provenance.sample_id({"text": "document 0"})]}
open("mix.jsonl", "w").writelines([*rows.values(), json.dumps(changed) + "\\n"])
"""
TERMS = "a model trained on outputs has a name that begins with Llama"


def exported_project(root: Path) -> Project:
    """The repository at ``root``, everything committed."""
    project = Project.new(root)
    project.write({"documents.jsonl": lines(DOCUMENTS), "answers.jsonl": lines(ANSWERS), "mix.py": MIX})
    stated = ("--license", "cc-by-4.0", "--url", "https://huggingface.co/datasets/org/manual", "--publisher", "Org")
    done = [project.provenance("add", "documents.jsonl", "--origin", "real", "--source", "manual", *stated)]
    project.run("dvc", "add", "--quiet", "answers.jsonl")
    said = ("origin=synthetic", "kind=answer", "prompt=Ask <b>me</b>\n# now.")
    sets = [word for each in said for word in ("--set", each)]
    mapped = ("--map", "model=model", "--map", "parent_key=of", "--parents", "documents.jsonl", "--parent-key", "text")
    done.append(project.provenance("declare", "answers.jsonl", "--from", "columns", *mapped, *sets))
    done.append(project.provenance("model", "add", "m1", "--license", "llama3.1", "--terms", TERMS))
    files = ("-d", "mix.py", "-d", "answers.jsonl", "-d", "documents.jsonl", "-o", "mix.jsonl")
    done.append(project.provenance("stage", "add", "-n", "mix", *files, "python", "mix.py"))
    assert [each.code for each in done] == [0, 0, 0, 0], done
    project.commit()
    project.run("dvc", "repro", "--quiet")
    project.write({"provenance.yaml": ABOUT})
    project.commit()
    return project
