"""The keys of what commands write with --json are those in json_keys.json: a change of one is seen, and meant.

Programs read them: where one is really to change, change the list in the same commit, and say so in CHANGELOG.md.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from support.project import Project, lines
from support.signed import ed25519_key, key_of, signed_project

STORED = Path(__file__).with_name("json_keys.json")
# Members whose own keys are names from the data, from measures or from policies.
_NAMED_BY_DATA = re.compile(
    r"^(by_\w+|measures|parts|stages|totals|parameters|packages|settings|threshold|reasons|fields"
    r"|noncommercial|no_derivatives|unspecified)$"
)
DOCS = [{"text": "pop removes the last item"}, {"text": "push appends an item"}]


def keys(document: Any, path: str = "", named_by_data: bool = False) -> Iterator[str]:
    """The dotted paths of all members of ``document``; ``[]`` for what is in a list, ``*`` for a name from the data."""
    if isinstance(document, list):
        for each in document:
            yield from keys(each, f"{path}[]")
    elif isinstance(document, dict):
        for name, value in document.items():
            place = f"{path}.{'*' if named_by_data else name}".removeprefix(".")
            yield place
            yield from keys(value, place, named_by_data=not named_by_data and bool(_NAMED_BY_DATA.match(name)))


def answers(folder: Path) -> Iterator[tuple[str, Any]]:
    """What each command that has --json answers with it, in the order in which a repository comes to be."""
    project = Project.new(folder / "repository")

    def ask(*arguments: str) -> Any:
        return project.ask(*arguments)

    yield "init", ask("init")
    pairs = [{"text": "What does pop do?", "of": 1}, {"text": "What does push do?", "of": 2}]
    project.write({"docs.jsonl": lines(DOCS), "pairs.jsonl": lines(pairs)})
    yield "add", ask("add", "docs.jsonl", "--origin", "real", "--source", "manual", "--license", "MIT")
    project.run("dvc", "add", "--quiet", "pairs.jsonl")
    stated = ("--set", "origin=synthetic", "--set", "kind=answer", "--set", "model=writer", "--set", "prompt=Ask.")
    yield "declare", ask("declare", "pairs.jsonl", "--from", "columns", *stated)
    project.commit()
    yield "model add", ask("model", "add", "writer", "--trained-on", "docs.jsonl", "--trained-on-external", "web")
    project.commit()
    yield "model list", ask("model", "list")
    yield "model show", ask("model", "show", "writer")
    for name in ("status", "verify"):
        yield name, ask(name)
    yield "show", ask("show", "pairs.jsonl:1", "--text")
    yield "trace", ask("trace", "pairs.jsonl:1", "--text")
    yield "trace --down", ask("trace", "docs.jsonl:1", "--down")
    yield "impact", ask("impact", "source:manual", "--history", "--rows")
    yield "index", ask("index", "--gc", "--text")
    yield "query", ask("query", "SELECT sample_id FROM samples LIMIT 1")
    yield "log of a dataset", ask("log", "pairs.jsonl")
    yield "log of a sample", ask("log", "pairs.jsonl:1")
    yield "diff", ask("diff", "HEAD~1", "HEAD", "docs.jsonl")
    yield "infer", ask("infer", "pairs.jsonl", "--against", "docs.jsonl")
    parts = "stated: {rows: 4}\nparts: [{dataset: docs.jsonl}]\nstages: [{name: s, epochs: {docs.jsonl: 2}}]"
    mixture = f"name: m\nunit: rows\n{parts}\n"
    project.write({"mixture.yaml": mixture})
    judged = ("--policy", "baseline", "--by", "of", "--verdict", "verdict.json")
    yield "audit", ask("audit", "pairs.jsonl", *judged)
    yield "audit --recheck", ask("audit", "--recheck", "verdict.json")
    yield "audit --mixture", ask("audit", "--mixture", "mixture.yaml")
    exported = ("--format", "dataset-card", "-o", "card.md", "--check")
    yield "export", ask("export", "pairs.jsonl", *exported)
    yield "revoke", ask("revoke", "source:manual", "--reason", "withdrawn")
    yield "revoke --list", ask("revoke", "--list")
    yield "purge", ask("purge", "docs.jsonl", "-o", "left.jsonl", "--dry-run")
    yield "model remove", ask("model", "remove", "writer")
    stage = "stages:\n  copy:\n    cmd: cp docs.jsonl copy.jsonl\n    deps: [docs.jsonl]\n    outs: [copy.jsonl]\n"
    stage += "  count:\n    cmd: echo 1 > count.txt\n    outs: [count.txt]\n"
    project.write({"dvc.yaml": stage})
    project.run("dvc", "repro", "--quiet")
    yield "doctor", ask("doctor")
    yield "adopt", ask("adopt", "--yes")
    yield "adopt --undo", ask("adopt", "--undo")
    elsewhere = Project.new(folder / "elsewhere" / "repository")
    yield "import", elsewhere.ask("import", str(project.root), "docs.jsonl")
    yield "update", elsewhere.ask("update")
    yield from attested(folder / "signed")


def attested(folder: Path) -> Iterator[tuple[str, Any]]:
    """The answers about statements and proofs, which need other digests."""
    project = signed_project(folder / "repository")
    key = ed25519_key(folder)
    yield "sign", project.ask("sign", "docs.jsonl", "--key", str(key), "-o", "docs.statement.json")
    stated = ("--statement", "docs.statement.json")
    yield "prove", project.ask("prove", "docs.jsonl:1", "--dataset", "docs.jsonl", *stated, "-o", "proof.json")
    yield "verify --statement", project.ask("verify", *stated, "--key", str(key_of(key)))
    yield "verify --proof", project.ask("verify", "--proof", "proof.json", "--key", str(key_of(key)))


def test_no_key_has_changed(tmp_path: Path) -> None:
    found = {name: sorted(set(keys(answer))) for name, answer in answers(tmp_path)}
    assert found == json.loads(STORED.read_text(encoding="utf-8"))
