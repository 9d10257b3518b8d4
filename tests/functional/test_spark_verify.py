"""`verify` on a real cluster: the findings that it has here, of sidecars that are damaged in every way."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from support.damaged import damaged

from provenance.engines.spark import spark_sharing_tasks
from provenance.engines.verify_by_range import verify_by_range
from provenance.errors import SidecarError
from provenance.lineage.content_choice import identity_by
from provenance.lineage.problems import Problem
from provenance.lineage.sidecar import open_sidecar
from provenance.lineage.verification import verify

pytestmark = pytest.mark.skipif(not shutil.which("java"), reason="Spark needs Java, which is not here")

# Two ranges of ids, so that parents are in the other one.
RECORDS_AT_ONCE = 50


def test_a_cluster_finds_what_is_found_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from support.spark_cluster import cluster, configuration, end_of_java

    end_of_java()
    scratch, cases, work = tmp_path / "shared", tmp_path / "cases", tmp_path / "work"
    cases.mkdir()
    work.mkdir()
    with cluster(tmp_path) as running:
        settings = {"spark__master": running.url, "spark__checkpoint__dir": scratch.as_uri()}
        for name, value in configuration(tmp_path, **settings, spark__executor__memory="512m").items():
            monkeypatch.setenv(name, value)
        with spark_sharing_tasks(tmp_path) as (in_tasks, folder):
            for number, each in enumerate(damaged(cases)):
                asked: dict[str, Any] = {
                    "data": each.data,
                    "sidecar": each.sidecar,
                    "identity": identity_by(open_sidecar(each.sidecar).header.identity),
                    "name": "mix.jsonl",
                    "md5": "0" * 32,
                }
                shared = folder / str(number)
                shared.mkdir()
                ranged: dict[str, Any] = {"folder": shared, "in_tasks": in_tasks, "records_at_once": RECORDS_AT_ONCE}
                if each.refused is not None:
                    with pytest.raises(SidecarError) as here:
                        verify(**asked, workspace=work)
                    with pytest.raises(SidecarError) as there:
                        verify_by_range(**asked, **ranged)
                    assert str(there.value) == str(here.value)
                    continue
                expected: list[Problem] = verify(**asked, workspace=work)
                assert len(expected) >= len(each.said) and expected
                assert verify_by_range(**asked, **ranged) == expected, each.name
    end_of_java()
    assert [each for each in scratch.rglob("*") if each.is_file()] == []
