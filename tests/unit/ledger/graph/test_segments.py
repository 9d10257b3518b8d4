from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from support.sidecars import DIGEST_SIZE, Words, record, sample, write

from provenance.errors import SidecarError
from provenance.ledger.graph import identifiers
from provenance.ledger.graph.births import classes_of
from provenance.ledger.graph.identifiers import SampleIds
from provenance.ledger.graph.segments import write_segment
from provenance.ledger.graph.store import Folder, Store
from provenance.lineage.records import Activity, ActivityType
from provenance.lineage.schema import sidecar_schema
from provenance.lineage.sidecar import open_sidecar, write_sidecar

ACTIVITY = Activity(type=ActivityType.GENERATION)


def segment(path: Path, folder: Path) -> Folder:
    store = Store(folder)
    with store.draft("segment") as draft:
        write_segment(open_sidecar(path), draft)
    found = store.find("segment")
    assert found is not None
    return found


def test_more_than_there_are_numbers_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers are of 32 bits: they must not begin anew."""
    path = write(tmp_path, "a.jsonl", [record(sample(number)) for number in range(3)])
    monkeypatch.setattr(identifiers, "MOST_NUMBERS", 2)
    with pytest.raises(SidecarError, match="parquet: 3 records, and the graph index numbers at most 2;"):
        segment(path, tmp_path / "store")


def test_a_sample_with_two_births_is_one_with_the_parents_of_both(tmp_path: Path) -> None:
    records = [
        record(sample(1), 2, activity=None, content_bytes=None),
        record(sample(2), content_bytes=7),
        record(sample(3), 3, parents=[sample(1)], activity=0),
        record(sample(3), 0, parents=[sample(2)], evidence="declared", origin="synthetic"),
    ]
    found = segment(write(tmp_path, "a.jsonl", records, Words((ACTIVITY,))), tmp_path / "store")
    ids = SampleIds(found.array("heads"), found.array("tails"), DIGEST_SIZE).hex()
    assert ids == sorted(map(sample, (1, 2, 3)))
    place = {number: ids.index(sample(number)) for number in (1, 2, 3)}
    rows, content = found.array("rows"), found.array("content")
    assert [int(rows[place[n]]) for n in (1, 2, 3)] == [2, 1, 3]
    # One more than the bytes of the content; 0 where it was never seen.
    assert [int(content[place[n]]) for n in (1, 2, 3)] == [0, 8, 11]
    offsets = found.array("offsets")
    own = slice(int(offsets[place[3]]), int(offsets[place[3] + 1]))
    assert sorted(found.array("parents")[own].tolist()) == sorted((place[1], place[2]))
    classes = classes_of(found.stated)
    assert classes[int(found.array("class")[place[3]])].evidence == "observed"
    assert found.array("other_sample").tolist() == [place[3]]
    assert [classes[number].evidence for number in found.array("other_class").tolist()] == ["declared"]


def test_rows_of_a_sample_may_need_more_than_32_bits(tmp_path: Path) -> None:
    records = [record(sample(1), 3_000_000_000, seed=seed) for seed in (1, 2)]
    path = write(tmp_path, "a.jsonl", records)
    assert segment(path, tmp_path / "store").array("rows").tolist() == [6_000_000_000]


def test_there_may_be_more_roles_than_16_bits_number(tmp_path: Path) -> None:
    roles = [f"role {number}" for number in range(70_000)]
    child = record(sample(2), parents=[sample(1)] * len(roles), parent_roles=roles)
    found = segment(write(tmp_path, "a.jsonl", [record(sample(1)), child]), tmp_path / "store")
    assert [found.stated["roles"][number] for number in found.array("roles").tolist()] == roles


@pytest.mark.parametrize(
    ("records", "words", "said"),
    [
        ([record(sample(1), parents=[sample(2)])], Words(), "it is not closed: the parent"),
        ([record(sample(1), activity=1)], Words((ACTIVITY,)), "a record names an activity that its header"),
        ([record(sample(1), agent=0)], Words(), "a record names an agent that its header"),
    ],
)
def test_a_sidecar_that_breaks_the_specification_is_refused(
    tmp_path: Path, records: list[dict[str, Any]], words: Words, said: str
) -> None:
    with pytest.raises(SidecarError, match=f"a.jsonl.lineage.parquet: {said}"):
        segment(write(tmp_path, "a.jsonl", records, words), tmp_path / "store")


def test_ids_out_of_order_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path, "a.jsonl", [record(sample(1))])
    header = open_sidecar(path).header
    records = [record("ff" * 16), record("00" * 16)]
    write_sidecar(path, header, [pa.RecordBatch.from_pylist(records, sidecar_schema(DIGEST_SIZE))], DIGEST_SIZE)
    with pytest.raises(SidecarError, match="not sorted by sample id"):
        segment(path, tmp_path / "store")


def test_births_that_share_nothing_have_classes_of_their_own(tmp_path: Path) -> None:
    records = [
        record(sample(n), license=f"LicenseRef-{n}", depth=n, origin="mixed", real_rooted=[None, True, False][n % 3])
        for n in range(50)
    ]
    found = segment(write(tmp_path, "a.jsonl", records), tmp_path / "store")
    ids = SampleIds(found.array("heads"), found.array("tails"), DIGEST_SIZE).hex()
    classes = classes_of(found.stated)
    assert len(classes) == 50
    for number in range(50):
        born = classes[int(found.array("class")[ids.index(sample(number))])]
        assert (born.license, born.depth, born.origin) == (f"LicenseRef-{number}", number, "mixed")
        assert born.real_rooted is [None, True, False][number % 3]
