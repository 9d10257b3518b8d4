"""The workflows run with the fewest rights, from actions that nobody can exchange; constraints name versions only."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
_PINNED = re.compile(r"^\s*-?\s*uses: [\w-]+/[\w./-]+@[0-9a-f]{40} # v\d+(\.\d+)*$")
_COMMANDS = re.compile(r"`([^`]+)`")
_PYTHONS = re.compile(r"3\.\d+")
_NAME = re.compile(r"^[A-Za-z0-9._-]+")
_CONSTRAINT = re.compile(r"[a-z0-9-]+==[0-9][0-9a-z.!+]*( ; [a-z_]+ [^/:@]*)?")


def workflow(path: Path) -> dict[Any, Any]:
    found: dict[Any, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found


def normal(requirement: str) -> str:
    """The name of what ``requirement`` asks for, as constraints spell it."""
    name = _NAME.match(requirement)
    assert name is not None
    return re.sub(r"[-_.]+", "-", name[0]).lower()


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_rights_are_given_job_by_job(path: Path) -> None:
    document = workflow(path)
    assert document["permissions"] == {}
    for job in document["jobs"].values():
        assert set(job["permissions"].items()) <= {("contents", "read"), ("id-token", "write")}
        assert job["timeout-minutes"] <= 90


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_actions_are_pinned_by_commit_and_say_their_version(path: Path) -> None:
    uses = [line for line in path.read_text(encoding="utf-8").splitlines() if "uses:" in line]
    assert uses
    assert [line for line in uses if not _PINNED.match(line)] == []


def test_only_a_release_may_prove_who_it_is() -> None:
    able = {
        (path.stem, name)
        for path in WORKFLOWS
        for name, job in workflow(path)["jobs"].items()
        if "id-token" in job["permissions"]
    }
    assert able == {("release", "publish")}


def test_what_runs_where_is_told() -> None:
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").partition("### What runs where")[2]
    rows = [
        line.strip("| ").split(" | ") for line in page.partition("While you work")[0].splitlines() if line[:1] == "|"
    ]
    told = {
        row[0].partition(",")[0]: (row[1], {*_PYTHONS.findall(row[2])}, _COMMANDS.findall(row[-1])) for row in rows[2:]
    }
    ran = {
        name: (_when(document[True], job), *_what(job))
        for document in map(workflow, WORKFLOWS)
        for name, job in document["jobs"].items()
        if _what(job)[1]
    }
    assert told == ran


def _when(triggers: Any, job: dict[str, Any]) -> str:
    """When a job runs. YAML reads the key `on` as true."""
    if "tags" in (triggers["push"] or {}):
        return "a tag"
    if job.get("if") == "github.event_name == 'schedule'":
        return "every Monday"
    weekly = [each["cron"].endswith("* * 1") for each in triggers.get("schedule", [])]
    return "every push and pull request" + (", every Monday" if weekly == [True] else "")


def _what(job: dict[str, Any]) -> tuple[set[str], list[str]]:
    """The versions of Python that a job sets up, and its commands that test something."""
    lines = [line for step in job["steps"] for line in step.get("run", "").splitlines()]
    pythons = {*job.get("strategy", {}).get("matrix", {}).get("python", [])}
    for step in job["steps"]:
        pythons |= {*_PYTHONS.findall(str(step.get("with", {}).get("python-version", "")))}
    return pythons, [line for line in lines if line.startswith(("make ", ".ci/"))]


def test_constraints_are_names_and_versions_of_all_that_is_asked_for() -> None:
    lines = [line for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines() if line[:1] != "#"]
    assert [line for line in lines if not _CONSTRAINT.fullmatch(line)] == []
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    groups = [each for group in project["dependency-groups"].values() for each in group if isinstance(each, str)]
    extras = [each for extra in project["project"]["optional-dependencies"].values() for each in extra]
    asked = {normal(each) for each in [*project["project"]["dependencies"], *groups, *extras]}
    assert asked - {normal(line) for line in lines} == set()


def test_make_lowest_takes_the_lower_bounds() -> None:
    lines = (ROOT / "constraints-lowest.txt").read_text(encoding="utf-8").splitlines()
    taken = {normal(line): Version(line.partition("==")[2].split()[0]) for line in lines if line[:1] != "#"}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = [each for extra in project["optional-dependencies"].values() for each in extra]
    bounds = {
        normal(each): min(Version(one.version) for one in Requirement(each).specifier if one.operator == ">=")
        for each in [*project["dependencies"], *extras]
    }
    # Packages that only tests and extras need ask for newer ones of these; Sigstore's models do of pydantic.
    newer = {"jinja2", "pydantic", "pyyaml"}
    assert {name for name, bound in bounds.items() if taken[name] != bound} == newer
