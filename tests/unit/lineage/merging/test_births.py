from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.workbench import DERIVATION, Workbench, identifier

from provenance.lineage.births import Dependency, RecordedBirths
from provenance.lineage.merging import reading
from provenance.lineage.schema import birth_schema
from provenance.lineage.vocabulary import Vocabulary

HUMAN = {"text": "human"}
COPY = {"text": "copy"}


@pytest.fixture(params=["in memory", "by ranges"], autouse=True)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "by ranges":
        monkeypatch.setattr(reading, "MOST_ROWS", -1)


def derived(workbench: Workbench, stated: Sequence[dict[str, Any]], **other: Any) -> Dependency:
    """A dataset of as many copies of one row, all from one parent; ``stated``: what is said of each besides."""
    human = workbench.collected("human.jsonl", [HUMAN])
    data = workbench.dataset("copies.jsonl", [COPY | other] * len(stated))
    shared = {"activity": 0, "parents": [bytes.fromhex(identifier(HUMAN))], "parent_roles": ["seed"]}
    births = [{"row": number, "evidence": "observed"} | shared | each for number, each in enumerate(stated, start=1)]
    file = workbench.folder / "births.parquet"
    pq.write_table(pa.Table.from_pylist(births, schema=birth_schema()), file)
    vocabulary = Vocabulary()
    vocabulary.add([DERIVATION])
    workbench.complete(data, births=RecordedBirths(file, [DERIVATION], vocabulary), dependencies=[human])
    return workbench.dependency(data)


@pytest.mark.parametrize("stated", [{"origin": "real"}, {"license": "MIT"}])
def test_what_one_row_states_and_another_takes_from_its_parent_is_one_birth(
    workbench: Workbench, stated: dict[str, Any]
) -> None:
    copies = derived(workbench, [{}, stated, stated])
    record = workbench.record(copies, COPY)
    assert (record["rows"], record["calls"], record["origin"], record["license"]) == (3, 3, "real", "MIT")
    on = workbench.dataset("on.jsonl", [COPY] * 3)
    assert workbench.complete(on, dependencies=[copies], derivation=DERIVATION).born_twice == 0
    record = workbench.record(on, COPY)
    assert (record["rows"], record["possible_rows"], record["ambiguous_rows"]) == (3, None, None)


def test_births_that_differ_stay_apart(workbench: Workbench) -> None:
    copies = derived(workbench, [{}, {"origin": "real"}, {"license": "CC0-1.0"}], score=1)
    found = [record for record in workbench.records(copies) if record["sample_id"] == identifier(COPY)]
    assert sorted((each["rows"], each["license"]) for each in found) == [(1, "CC0-1.0"), (2, "MIT")]
