"""What other packages add works through `provenance.plugins` alone, as docs/plugins.md shows it."""

import re
import sys
from pathlib import Path
from types import ModuleType

import pytest
from support.plugged import ENTRY_POINTS, toy_package
from support.project import Project

from provenance import plugins
from provenance.auditing import measures
from provenance.entry_points import load, registered
from provenance.identity import Identity, read_rows

PAGE = Path(__file__).resolve().parents[2] / "docs/plugins.md"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project.new(tmp_path / "project")


def test_a_package_that_is_installed_takes_part_in_every_command(project: Project, tmp_path: Path) -> None:
    (project.root / "rows.psv").write_text("question|answer\nWhy?|So.\nHow?|Thus.\n")
    with toy_package(tmp_path / "toy"):
        assert {
            group: registered(group).keys() >= set(names) for group, names in ENTRY_POINTS.items()
        } == dict.fromkeys(plugins.GROUPS, True)
        project.run("dvc", "add", "--quiet", "rows.psv")
        assert "2 of 2 rows" in project.provenance("declare", "rows.psv", "--from", "sheets:gpt-4o").stdout
        (audited,) = project.ask("audit", "rows.psv", "--measures", "letters,failing")["datasets"]
        assert audited["by_model"]["gpt-4o"]["rows"] == 2
        assert audited["measures"]["letters"] == {"letters": len("rows.psv")}
        assert "ZeroDivisionError: by zero" in audited["measures"]["failing"]["not_measured"]
    assert "no such measure" in project.refusal("audit", "rows.psv", "--measures", "letters")


def examples() -> ModuleType:
    """The page's examples, as one module."""
    module = ModuleType("my_package")
    for code in re.findall(r"(?ms)^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8")):
        exec(code, module.__dict__)  # noqa: S102 - our own page
    return module


def test_the_examples_of_the_page_do_what_it_says(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "my_package", examples())
    points = re.findall(r'(?m)^\[project.entry-points."([\w.]+)"\]\n(\w+) = "([\w:]+)"', PAGE.read_text("utf-8"))
    assert {group for group, _, _ in points} == {*plugins.GROUPS}
    with toy_package(tmp_path / "page", {group: {name: value} for group, name, value in points}):
        for group, name, _ in points:
            load(registered(group)[name])
        (project.root / "rows.bar").write_text("question|answer\nWhy?|So.\nHow?|\n")
        project.run("dvc", "add", "--quiet", "rows.bar")
        project.provenance("declare", "rows.bar", "--from", "sheets:gpt-4o")
        measure = measures.measures(["share_of_rewrites"])["share_of_rewrites"]
        assert measure.needs == "lineage"
        (audited,) = project.ask("audit", "rows.bar")["datasets"]
        assert audited["measures"]["share_of_rewrites"] == {"fraction": 0.0}
        assert audited["doubts"]["share_of_rewrites"]["fraction"]["more"] == 0.5
        assert [row["answer"] for _, row in read_rows(project.root / "rows.bar", Identity())] == ["So.", ""]
        (project.root / "rows.bar").write_text("question|answer\nWhy?|So.\nHow?\n")
        with pytest.raises(plugins.DataError, match="rows.bar:2: has 1 cells"):
            list(read_rows(project.root / "rows.bar", Identity()))
