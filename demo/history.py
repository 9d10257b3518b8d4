"""`make demo`: the pipeline with a history, in demo/repository, a repository of its own; then questions about it.

What is in the checkout stays as it is. Each revision is the pipeline as somebody would leave it one day: a change is
committed, so that lineage can name the commit by which rows were made; `dvc repro` runs what the change concerns; what
came of it is committed and tagged. A revision that has its tag is finished; one that was interrupted is taken up again.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import show
from model import stage_parameters

CHECKOUT = Path(__file__).resolve().parents[1]
REPOSITORY = CHECKOUT / "demo" / "repository"
GENERATE, PARAMETERS = "demo/generate.py", "params.yaml"
FILES = (
    "dvc.yaml",
    PARAMETERS,
    "provenance.yaml",
    "provenance.models.yaml",
    "provenance.revocations.yaml",
    "demo/collect.py",
    GENERATE,
    "demo/mix.py",
    "demo/model.py",
    "demo/policy.yaml",
    "demo/revise.py",
    ".dvc/plots/provenance_composition.json",
    ".dvc/plots/provenance_mixture.json",
)
# The first lines of the prompt, which its first version does not have.
EXAMPLE = """\
Text: math.sqrt: Return the square root of x.
Question: What does math.sqrt return?
Answer: It returns the square root of x.

"""
# Commits depend neither on how git is set up on this machine nor on whether it knows a name.
SETTINGS = {
    "user.name": "Provenance demo",
    "user.email": "demo@example.org",
    "commit.gpgSign": "false",
    "tag.gpgSign": "false",
    "core.hooksPath": "/dev/null",
}


@dataclass(frozen=True)
class Revision:
    """``change`` edits the repository, ``message`` says why; what comes of it has the tag ``tag``."""

    tag: str
    message: str
    change: Callable[[], None]


def try_it_out() -> None:
    """The pipeline as it is in the checkout, but for the prompt and the number of docstrings that it is tried on."""
    for name in FILES:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(CHECKOUT / name, name)
    Path(".gitignore").write_text("/data/\n/audit/\n/report.html\n__pycache__/\n.*.provenance-tmp\n")
    replace(GENERATE, EXAMPLE, "")
    rows = stage_parameters("generate")["rows"]
    replace(PARAMETERS, f"  rows: {rows}\n", f"  rows: {rows // 2}\n")


def show_an_example() -> None:
    """Prompt and number of docstrings as they are in the checkout."""
    for name in (GENERATE, PARAMETERS):
        shutil.copyfile(CHECKOUT / name, name)


def withdraw_a_docstring() -> None:
    """Revoke one of those from which the model made a pair, and revised it."""
    if Path("provenance.revocations.yaml").read_bytes() == (CHECKOUT / "provenance.revocations.yaml").read_bytes():
        document = show.docstring_of(show.revised_row())
        run("provenance", "revoke", f"sample:{document}", "--reason", "its author asked us not to train on it")


REVISIONS = (
    Revision("first-prompt", "Collect docstrings, and let a model ask about some", try_it_out),
    Revision("worked-example", "Show the model a worked example; ask about more docstrings", show_an_example),
    Revision("withdrawal", "Take out a docstring that its author withdrew", withdraw_a_docstring),
)


def replace(name: str, text: str, replacement: str) -> None:
    """Replace ``text`` in the file ``name``, which must have it once."""
    content = Path(name).read_text(encoding="utf-8")
    if content.count(text) != 1:
        sys.exit(f"{name}: {text!r} is not in it just once; demo/history.py must follow what the checkout has")
    Path(name).write_text(content.replace(text, replacement), encoding="utf-8")


def run(*command: str) -> None:
    """Run a program, which prints as it runs; end where it fails."""
    if code := subprocess.run(command, check=False).returncode:
        print(f"{' '.join(command)} failed in {REPOSITORY}", file=sys.stderr)
        sys.exit(code)


def answer(*command: str) -> str:
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def commit(message: str) -> None:
    run("git", "add", "--all")
    if answer("git", "status", "--porcelain"):
        run("git", "commit", "--quiet", "--message", message)


def create() -> None:
    """The repository, empty; it may be there already."""
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        os.environ.pop(name, None)  # where a git hook started this, they lead to the checkout
    REPOSITORY.mkdir(exist_ok=True)
    os.chdir(REPOSITORY)
    if not Path(".git").exists():
        run("git", "init", "--quiet", "--initial-branch=main")
    for name, value in SETTINGS.items():
        run("git", "config", name, value)
    if not Path(".dvc/config").exists():
        run("dvc", "init", "--quiet")
        run("dvc", "config", "core.analytics", "false")


def make(revision: Revision) -> None:
    print(f"\n== {revision.tag}: {revision.message}", flush=True)
    revision.change()
    commit(revision.message)
    run("dvc", "repro")
    commit(f"What came of it: {revision.tag}")
    run("git", "tag", revision.tag)


def main() -> None:
    create()
    finished = answer("git", "tag").split()
    for revision in REVISIONS:
        if revision.tag not in finished:
            make(revision)
    earlier, newer, newest = (revision.tag for revision in REVISIONS)
    show.main("--since", newer)
    print(f"""
The demo is a git and DVC repository with {len(REVISIONS)} revisions. To look around in it:

  cd {shlex.quote(str(REPOSITORY))}
  . {shlex.quote(sys.prefix)}/bin/activate
  provenance log {show.TRAIN}
  provenance diff {earlier} {newer} data/synthetic.jsonl
  provenance diff {newer} {newest} {show.TRAIN}
  provenance report {show.TRAIN} --policy demo/policy.yaml --since {newer} -o report.html
  provenance explore

`make demo` leaves it as it is from now on; delete the folder to make it anew.""")


if __name__ == "__main__":
    main()
