"""A repository to look at: docstrings by people, answers by a model, both mixed; made at two tagged commits.

Its names and texts can be hostile: then they hold all that could run, mislead or hide in a page.
"""

from __future__ import annotations

import shlex
from pathlib import Path

import yaml
from support.project import Project

# Scripts, handlers, terminal escapes, bidirectional overrides, what has no shape, tags, and an end of a style element.
HOSTILE = (
    "</style><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"
    "\x1b]8;;https://example.org\x07link\x1b[31m \u202egnp.exe\u202c \u200bzero\u2066 \U000e0041tag"
    " &amp; {{7*7}} {% raw %}"
)
MIX, HOSTILE_MIX = "data/mix.jsonl", "data/<b onmouseover=alert(1)>&\u202emix.jsonl"
POLICY = """
extends: [baseline, model-collapse]
waive:
  - {rule: some-verified, owner: the tests, reason: nobody checks, expires: 2999-12-31}
"""

_COLLECT = """
import random, sys
import provenance
hostile, rows = sys.argv[1], int(sys.argv[2])
words = "list key map first item value string element index returns removes the of a given from with last".split()
draw = random.Random(7)
with provenance.record(
    "data/documents.jsonl", source=provenance.Source(name="python stdlib" + hostile, license="PSF-2.0")
) as recorder:
    for number in range(rows):
        text = " ".join(draw.choices(words, k=14))
        recorder.write({"text": f"{text} {number}{hostile}"})
"""
_ANSWER = """
import random, sys
import provenance
hostile, rows, source, target, kind = sys.argv[1], int(sys.argv[2]), *sys.argv[3:]
draw = random.Random(8)
model = provenance.Model(name="SmallModel" + hostile, revision="v1", license="Apache-2.0")
literal = hostile.replace("{", "{{").replace("}", "}}")
prompt = provenance.Prompt(name="ask" + hostile, template="Ask about: {text}" + literal)
with provenance.record(target, model=model, prompt=prompt, kind=kind, parameters={"temperature": 0.5}) as recorder:
    for number, document in enumerate(provenance.read(source)):
        if number == rows:
            break
        said = document["text"].split(" ")
        text = f"What does it do? The {' '.join(said[:4])} of the list is returned by {draw.choice(['this', 'that'])}."
        recorder.write(
            {"text": text + hostile}, parents=[document], prompt_variables={"text": document["text"]},
            usage={"input_tokens": 30, "output_tokens": 12},
        )
"""
_MIX = """
import json, sys
target, rows = sys.argv[1], int(sys.argv[2])
with open(target, "w") as out:
    for name, most in (("documents", rows), ("answers", None), ("revised", None)):
        lines = open(f"data/{name}.jsonl").readlines()
        out.writelines(lines[:most])
"""


def reported(root: Path, *, hostile: bool = False, revisions: int = 2) -> Project:
    """The repository at ``root``; its mixed dataset is `MIX` or `HOSTILE_MIX`."""
    project = Project.new(root)
    mix, text = (HOSTILE_MIX, HOSTILE) if hostile else (MIX, "")
    project.write(
        {"collect.py": _COLLECT, "answer.py": _ANSWER, "mix.py": _MIX, "policy.yaml": POLICY, ".gitignore": "/data\n"}
    )
    (root / "data").mkdir()
    for number, rows in enumerate((60, 90)[:revisions], 1):
        project.write({"dvc.yaml": yaml.safe_dump({"stages": _stages(mix, text, rows)}, allow_unicode=False)})
        project.run("dvc", "repro", "--quiet")
        commit(project, f"Mix {rows} docstrings{text}", f"2026-0{number}-05T10:12:00Z")
        project.run("git", "tag", f"v{number}")
    return project


def commit(project: Project, subject: str, date: str) -> None:
    """Commit everything as of ``date``."""
    dated = Project(project.root, {**project.environment, "GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date})
    dated.run("git", "add", "--all")
    dated.run("git", "commit", "--quiet", "--message", subject)


def _stages(mix: str, text: str, rows: int) -> dict[str, object]:
    def stage(script: list[str], deps: list[str], out: str) -> dict[str, object]:
        with_sidecars = [name for dep in deps for name in (dep, f"{dep}.lineage.parquet")]
        return {
            "cmd": shlex.join(["provenance", "run", "--", "python", *script]),
            "deps": with_sidecars,
            "outs": [out, f"{out}.lineage.parquet"],
        }

    documents, answers, revised = "data/documents.jsonl", "data/answers.jsonl", "data/revised.jsonl"
    return {
        "collect": stage(["collect.py", text, "90"], [], documents),
        "answer": stage(["answer.py", text, "30", documents, answers, "rewrite"], [documents], answers),
        "revise": stage(["answer.py", text, "12", answers, revised, "self_revision"], [answers], revised),
        "mix": stage(["mix.py", mix, str(rows)], [documents, answers, revised], mix),
    }
