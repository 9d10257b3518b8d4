"""A dataset that is shuffled, or converted to another format, keeps the lineage of each row."""

from __future__ import annotations

from typing import Any

import pytest
from support.project import Project

from provenance.lineage.sidecar import open_sidecar

CONVERT = """
import pandas
mix = pandas.read_parquet("data/mix.parquet").sample(frac=1, random_state=7)
mix.to_parquet("data/shuffled.parquet", row_group_size=10)
mix.assign(version="a column more").to_json("data/converted.jsonl", orient="records", lines=True)
mix[mix.columns[::-1]].to_csv("data/converted.csv", index=False)
"""
OUTS = ("data/shuffled.parquet", "data/converted.jsonl", "data/converted.csv")


def lineage(project: Project, dataset: str) -> list[dict[str, Any]]:
    """The records of a dataset, with what they refer to by number spelt out."""
    header = open_sidecar(project.root / f"{dataset}.lineage.parquet").header
    return [
        record
        | {
            name: None if record[name] is None else described[record[name]]
            for name, described in (
                ("activity", header.activities),
                ("agent", header.agents),
                ("source", header.sources),
            )
        }
        for record in project.records(dataset)
    ]


@pytest.fixture
def converted(copy_of_demo: Project) -> Project:
    copy_of_demo.write({"convert.py": CONVERT})
    outs = [argument for out in OUTS for argument in ("-o", out)]
    command = ("-n", "convert", "-d", "convert.py", "-d", "data/mix.parquet", *outs, "python convert.py")
    assert copy_of_demo.provenance("stage", "add", *command).code == 0
    told = copy_of_demo.run("dvc", "repro", "convert").stderr
    assert told.count("carried)") == len(OUTS)
    return copy_of_demo


def test_lineage_is_kept(converted: Project) -> None:
    of_mix = lineage(converted, "data/mix.parquet")
    assert {record["origin"] for record in of_mix} == {"real", "synthetic"}
    for out in OUTS:
        assert lineage(converted, out) == of_mix, out
    assert converted.ask("verify", *OUTS)["ok"]
    assert converted.ask("trace", "data/converted.jsonl:1") == converted.ask("trace", "data/shuffled.parquet:1")
    assert converted.ask("trace", "data/converted.jsonl:1") == converted.ask("trace", "data/converted.csv:1")
