"""Every export of the demo's mix and of 100,000 rows, accepted by the checker of its standard; small faults are in
`test_exporting`.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.project import Project
from support.spdx_validating import spdx_problems
from support.standard_sets import LARGE, LARGE_ROWS, MIX, demo_mix, large_set

from provenance.export.exporters import export_names, open_export

# More than that and a document grows with the rows.
MOST_BYTES = 200_000


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return demo_mix(tmp_path_factory.mktemp("demo") / "repository")


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return large_set(tmp_path_factory.mktemp("large") / "repository")


@pytest.mark.parametrize("name", export_names())
@pytest.mark.parametrize(("which", "dataset"), [("demo", MIX), ("large", LARGE)])
def test_every_export_is_accepted(
    request: pytest.FixtureRequest, name: str, which: str, dataset: str, tmp_path: Path
) -> None:
    project: Project = request.getfixturevalue(which)
    file = tmp_path / "document"
    answer = project.ask("export", dataset, "--format", name, "-o", str(file), "--check")
    assert (answer["gaps"], answer["problems"]) == ([], [])
    assert answer["bytes"] < MOST_BYTES
    if answer["not_checked"]:
        pytest.skip(answer["not_checked"][0])
    # What is cut off is no document of any standard.
    text = file.read_text(encoding="utf-8")
    file.write_text(text[:40], encoding="utf-8")
    assert open_export(name).check(file).problems


def test_spdx_finds_nothing_against_its_shapes_and_what_is_broken(demo: Project, tmp_path: Path) -> None:
    file = tmp_path / "spdx.json"
    demo.ask("export", MIX, "--format", "spdx", "-o", str(file))
    assert spdx_problems(file) == []
    document = json.loads(file.read_text(encoding="utf-8"))
    packages = [each for each in document["@graph"] if each["type"] == "dataset_DatasetPackage"]
    packages[0]["dataset_datasetType"] = ["synthetic"]
    file.write_text(json.dumps(document), encoding="utf-8")
    assert any("[shacl]" in problem or "[schema]" in problem for problem in spdx_problems(file))


def test_the_mix_and_the_large_set_are_what_they_should_be(demo: Project, large: Project) -> None:
    (mix,) = demo.ask("audit", MIX)["datasets"]
    assert mix["by_origin"]["synthetic"]["rows"] > 0 and mix["max_depth"] == 2
    (rows,) = large.ask("audit", LARGE)["datasets"]
    assert rows["rows"] == LARGE_ROWS


def test_prov_of_100_000_rows_has_each_sample(large: Project, tmp_path: Path) -> None:
    file = tmp_path / "prov.json"
    large.ask("export", LARGE, "--format", "prov-json", "--sample", "all", "-o", str(file))
    found = json.loads(file.read_text(encoding="utf-8"))
    assert len([name for name in found["entity"] if name.startswith("sample:")]) == LARGE_ROWS
    assert len(found["hadMember"]) == LARGE_ROWS
    assert len([each for each in found["wasDerivedFrom"].values() if "dvcprov:role" in each]) == LARGE_ROWS // 2
