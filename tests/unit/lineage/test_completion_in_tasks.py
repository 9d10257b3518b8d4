"""Sidecars of stages that tasks complete: byte for byte those that one process makes, and the same report."""

from __future__ import annotations

import random
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.project import lines
from support.random_lineage import Case, RandomLineage
from support.tasks import repeated_tasks
from support.workbench import DERIVATION, Workbench, fingerprint, identifier

from provenance.errors import DataError, ProvenanceError, SidecarError
from provenance.identity import Identity
from provenance.identity.names import sidecar_path
from provenance.lineage import completion, rows_in_tasks
from provenance.lineage.completion import Completion


def files_of(sidecar: Path) -> dict[str, bytes]:
    files = [sidecar] if sidecar.is_file() else sidecar.iterdir()
    return {"" if file == sidecar else file.name: file.read_bytes() for file in files}


def completed(case: Case, output: Path, parts: int, seed: int | None) -> Any:
    """The report, the sidecar's files and what the data is then; or the error. By tasks, where there is a ``seed``."""
    content, rng = case.data.read_bytes(), random.Random(seed)
    with pytest.MonkeyPatch.context() as patch:
        # Ranges of few records: more or fewer of them than what tasks sort the rows into.
        patch.setattr(rows_in_tasks, "MOST_ROWS", rng.choice([8, 64]))
        patch.setattr(rows_in_tasks, "_LEAST_BYTES", rng.choice([4, 256]))
        try:
            report = completion.complete(
                case.data,
                output,
                dataset_path=case.data.name,
                fingerprint=fingerprint,
                workspace=output.parent,
                parts=parts,
                tasks=None if seed is None else repeated_tasks(seed),
                **case.options,
            )
            return replace(report, read_here=()), files_of(output), case.data.read_bytes()
        except ProvenanceError as error:
            return type(error), str(error)
        finally:
            if output.is_dir():
                shutil.rmtree(output)
            output.unlink(missing_ok=True)
            case.data.write_bytes(content)


@pytest.mark.filterwarnings("ignore:.*no parents by key")
@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**32))
def test_tasks_give_what_one_process_gives(seed: int) -> None:
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        output = folder / "made.lineage.parquet"
        for case in RandomLineage(Workbench(folder), rng).cases(6):
            here = completed(case, output, 1, None)
            if case.options.get("births") is None:
                parts = random.Random(seed).choice([1, 2, 16])
                there = completed(case, output, parts, seed)
                assert there == (here if parts == 1 else completed(case, output, parts, None))
            # What comes next looks it up.
            kept = Path(sidecar_path(str(case.data)))
            kept.unlink(missing_ok=True)
            if isinstance(here[0], Completion):
                kept.write_bytes(here[1][""])
                case.data.write_bytes(here[2])


def in_files(folder: Path, files: Any) -> Path:
    folder.mkdir()
    for number, rows in enumerate(files):
        (folder / f"{number}.jsonl").write_text(lines(rows))
    return folder


def both_ways(workbench: Workbench, data: Path, parts: int = 1, **options: Any) -> tuple[Any, Completion | None]:
    """What comes of the dataset, which is the same here and by tasks; and what tasks report."""
    output = workbench.folder / "made.lineage.parquet"
    reports, before = [], {file: file.read_bytes() for file in ([data] if data.is_file() else data.iterdir())}
    found: list[Any] = []
    for tasks in (None, repeated_tasks(3)):
        try:
            report = completion.complete(
                data,
                output,
                dataset_path=data.name,
                identity=Identity(),
                fingerprint=lambda path: (None, 1),
                workspace=workbench.folder,
                derivation=DERIVATION,
                parts=parts,
                tasks=tasks,
                **options,
            )
            reports.append(report)
            found.append((replace(report, read_here=()), files_of(output)))
        except ProvenanceError as error:
            found.append((type(error), str(error)))
        for file, content in before.items():
            file.write_bytes(content)
        if output.is_dir():
            shutil.rmtree(output)
    assert found[0] == found[1]
    return found[0], reports[-1] if reports else None


def test_rows_of_a_directory_are_numbered_as_one_process_does(workbench: Workbench) -> None:
    human = workbench.collected("human.jsonl", [{"text": "a"}, {"text": "b"}])
    known, stranger = identifier({"text": "a"}), "ab" * 16
    files = [[{"text": "a"}] * 3, [{"text": "c"}], [{"text": "b"}, {"text": "d", "_parents": [known, stranger]}]]
    found, _ = both_ways(workbench, in_files(workbench.folder / "mix", files), dependencies=[human])
    assert (found[0].dangling, found[0].dangling_row, found[0].rows) == (1, 6, 6)
    wrong = [*files, [{"text": "e"}, {"text": "f", "_parents": ["nowhere"]}]]
    refused, _ = both_ways(workbench, in_files(workbench.folder / "wrong", wrong), dependencies=[human])
    assert refused[0] is DataError and "wrong/3.jsonl:2: _parents names 'nowhere'" in refused[1]


@pytest.mark.parametrize("parts", [1, 4, 2048])
def test_what_is_only_carried_or_unknown_is_not_read_here(workbench: Workbench, parts: int) -> None:
    human = workbench.collected("human.jsonl", [{"text": f"text {number}"} for number in range(40)])
    files = [[{"text": f"text {number}"} for number in range(start, start + 9)] for start in (0, 5, 36)]
    found, report = both_ways(workbench, in_files(workbench.folder / "mix", files), parts, dependencies=[human])
    assert report is not None and report.read_here == ()
    assert (found[0].carried, found[0].unknown, found[0].samples) == (22, 5, 23)


def test_why_this_machine_read_rows_too_is_said(workbench: Workbench) -> None:
    rows = [{"text": "a", "page": 1}, {"text": "b", "page": 2}]
    human, other = workbench.collected("human.jsonl", rows), workbench.collected("other.jsonl", rows[:1])
    mix = in_files(workbench.folder / "mix", [rows, rows])
    _, report = both_ways(workbench, mix, dependencies=[human])
    assert report is not None and report.read_here == ()
    _, report = both_ways(workbench, mix, dependencies=[human, replace(other, sidecar=None)])
    assert report is not None and report.read_here[0] == "other.jsonl has no sidecar"
    assert "several births are told apart by their other columns" in report.read_here[1]
    longer = in_files(workbench.folder / "longer", [[{"text": "a", "answer": "x"}]])
    _, report = both_ways(workbench, longer, dependencies=[human])
    assert report is not None and report.read_here == ("other columns count than in human.jsonl",)


def test_a_sidecar_that_cannot_be_read_is_named_as_by_one_process(workbench: Workbench) -> None:
    human = workbench.collected("human.jsonl", [{"text": "a"}, {"text": "b"}])
    assert human.sidecar is not None
    table = pq.read_table(human.sidecar)
    shuffled = table.take([1, 0]).replace_schema_metadata(table.schema.metadata)
    pq.write_table(shuffled, human.sidecar)
    with pytest.raises(SidecarError, match="human.jsonl.lineage.parquet"):
        completion.complete(
            workbench.dataset("mix.jsonl", [{"text": "a"}]),
            workbench.folder / "made.lineage.parquet",
            dataset_path="mix.jsonl",
            identity=Identity(),
            fingerprint=fingerprint,
            workspace=workbench.folder,
            dependencies=[human],
            tasks=repeated_tasks(1),
        )


def test_rows_that_are_lost_on_the_way_are_missed(workbench: Workbench) -> None:
    def losing(read: Any, items: Any, write: Any, numbers: int) -> Any:
        found, written = repeated_tasks(1).between(read, items, write, numbers)
        return found, [rows - 1 for rows in written]

    with pytest.raises(ProvenanceError, match=r"mix.jsonl: 2 rows were read and 1 sorted; try once more"):
        completion.complete(
            workbench.dataset("mix.jsonl", [{"text": "a"}, {"text": "b"}]),
            workbench.folder / "made.lineage.parquet",
            dataset_path="mix.jsonl",
            identity=Identity(),
            fingerprint=fingerprint,
            workspace=workbench.folder,
            tasks=repeated_tasks(1)._replace(between=losing),
        )
