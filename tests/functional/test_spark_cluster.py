"""A real cluster: questions of descent on many random lineages at once, while a worker is lost."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from support.descents import DATASETS, QUESTIONS, graphs, told, write_all

from provenance.engines.spark import spark_relations
from provenance.ledger.descent.by_graph import GraphDescent
from provenance.ledger.descent.by_relations import RelationalDescent
from provenance.ledger.graph.opening import open_graph
from provenance.ledger.graph.store import Store
from provenance.ledger.models.links import ModelLinks
from provenance.lineage.sidecar import open_sidecar

pytestmark = pytest.mark.skipif(not shutil.which("java"), reason="Spark needs Java, which is not here")

GRAPHS = 200
# The others are asked of the same statements in tests/unit/ledger/descent.
ASKED = ("a model", "unknown origin")
# After as many kept relations a worker is killed: the walk is on its way then.
KEPT_BEFORE = 6


def test_a_lost_worker_changes_no_answer_and_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from support.spark_cluster import cluster, configuration, end_of_java

    end_of_java()

    scratch = tmp_path / "shared"
    written = write_all(tmp_path, graphs(11, GRAPHS))
    graph = open_graph(Store(tmp_path / "graph"), written.sidecars)
    expected = GraphDescent(ModelLinks(graph, written.register), len(DATASETS))
    files = [open_sidecar(each.file) for each in written.sidecars if each.file]
    digests = [each.digest for each in written.sidecars]
    with cluster(tmp_path) as running:
        settings: dict[str, Any] = {
            "spark__master": running.url,
            "spark__checkpoint__dir": scratch.as_uri(),
            "spark__executor__memory": "512m",
            "spark__task__maxFailures": "8",
        }
        for name, value in configuration(tmp_path, **settings).items():
            monkeypatch.setenv(name, value)
        with spark_relations(tmp_path) as relations:
            keep, kept = relations.keep, list[str]()

            def keep_and_kill(name: str, sql: str) -> int:
                rows = keep(name, sql)
                kept.append(name)
                if len(kept) == KEPT_BEFORE:
                    running.kill_a_worker()
                    running.start_worker()
                return rows

            monkeypatch.setattr(relations, "keep", keep_and_kill)
            found = RelationalDescent(relations, files, len(DATASETS), digests, written.register)
            for name in ASKED:
                asked = QUESTIONS[name]
                assert told(found.came_of(asked)) == told(expected.came_of(asked)), name
            assert len(kept) > KEPT_BEFORE
    end_of_java()
    # Spark makes an empty folder of its own there.
    assert [each for each in scratch.rglob("*") if each.is_file()] == []
    assert list(scratch.glob("*scratch*")) == []
