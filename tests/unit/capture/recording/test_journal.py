from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from provenance.capture.recording import finished_journals
from provenance.capture.recording.journal import Journal
from provenance.capture.recording.journal_content import Heading
from provenance.capture.recording.journal_lines import batch_line, fields_of_row, whole_contents
from provenance.capture.recording.resuming import open_journal
from provenance.capture.recording.taking_apart import rows_with_births
from provenance.capture.strict_json import encode_many
from provenance.errors import ProvenanceError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

HEADING = Heading(configuration="one", activity={"type": "generation", "started": "2026-01-01T00:00:00Z"})
LATER = Heading(configuration="one", activity={"type": "generation", "started": "2026-02-02T00:00:00Z"})
OTHER = Heading(configuration="two", activity=LATER.activity)


def row(number: int, **line: Any) -> dict[str, Any]:
    return {"row": {"text": f"row {number}"}, "key": number, "birth": {"seed": number}} | line


def append(journal: Journal, line: dict[str, Any]) -> None:
    journal.append_row(orjson.dumps(line["row"]), line["birth"], line.get("key"))


def rows(journal: Journal) -> list[dict[str, Any]]:
    """The lines of the rows that the journal gives."""
    lines = {}
    for content in whole_contents(journal.path.open("rb")):
        if fields := fields_of_row(content or b""):
            key, birth, written = (orjson.loads(each or b"null") for each in fields)
            lines[fields[2]] = {"row": written, "birth": birth} | ({} if key is None else {"key": key})
    found = []
    for part in rows_with_births(journal):
        births = iter(part.births.to_pylist())
        for text, is_known in zip(bytes(part.lines).splitlines(), part.known, strict=True):
            line = lines[text]
            birth = next(births) if is_known else {}
            assert {name: value for name, value in birth.items() if value is not None} == (line["birth"] or {})
            found.append(line)
    return found


def journal_file(folder: Path) -> Path:
    (file,) = [file for file in folder.glob("*.jsonl") if "set-aside" not in file.name]
    return file


def test_the_same_configuration_resumes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with open_journal(tmp_path, "d.jsonl", HEADING) as journal:
        journal.append({"packages": {"python": "3"}})
        journal.append({"dataset": "/d/parents.jsonl"})
        append(journal, row(1))
        journal.append({"key": "no", "reason": "too short"})
    assert capsys.readouterr().err == ""
    with open_journal(tmp_path, "d.jsonl", LATER) as journal:
        assert journal.activity == HEADING.activity
        assert journal.packages == {"python": "3"}
        assert journal.datasets == {"/d/parents.jsonl"}
        assert [journal.done(key) for key in (1, "no", "1", 2)] == [True, True, False, False]
        append(journal, row(2))
        assert rows(journal) == [row(1), row(2)]
    assert capsys.readouterr().err == "provenance: d.jsonl: resuming after 1 row and 1 rejection\n"


def test_a_journal_cut_at_any_byte_resumes_with_its_whole_lines(tmp_path: Path) -> None:
    with open_journal(tmp_path, "d.jsonl", HEADING) as journal:
        for number in range(3):
            append(journal, row(number))
        path = journal.path
    whole = path.read_bytes()
    # The heading is there twice, and the first is enough.
    lines = whole.splitlines(keepends=True)
    ends = [len(lines[0]), *(len(b"".join(lines[: n + 1])) for n in range(2, 5))]
    for length in range(len(whole) + 1):
        path.write_bytes(whole[:length])
        with open_journal(tmp_path, "d.jsonl", LATER) as journal:
            kept = sum(end <= length for end in ends[1:])
            assert [journal.done(number) for number in range(3)] == [number < kept for number in range(3)]
            assert rows(journal) == [row(number) for number in range(kept)]
            assert journal.activity == (HEADING if length >= ends[0] else LATER).activity
            for number in range(kept, 3):
                append(journal, row(number))
            assert rows(journal) == [row(number) for number in range(3)]


def test_rows_that_the_resuming_run_does_not_ask_for_are_left_out(tmp_path: Path) -> None:
    with open_journal(tmp_path, "d.jsonl", HEADING) as journal:
        for number in range(3):
            append(journal, row(number))
    with open_journal(tmp_path, "d.jsonl", HEADING) as journal:
        assert journal.done(0)
        assert journal.done(2)
        append(journal, row(3))
        assert rows(journal) == [row(0), row(2), row(3)]


def test_another_configuration_starts_afresh_and_keeps_the_old(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_journal(tmp_path, "d.jsonl", HEADING) as journal:
        append(journal, row(1))
        before = journal.path.read_bytes()
    with open_journal(tmp_path, "d.jsonl", OTHER) as journal:
        assert not journal.done(1)
        assert rows(journal) == []
    (aside,) = tmp_path.glob("*.set-aside.jsonl")
    assert aside.read_bytes() == before
    said = capsys.readouterr().err
    assert said.startswith("provenance: d.jsonl: starting afresh: ")
    assert str(aside) in said


@pytest.mark.parametrize("is_in_cache", [True, False])
def test_a_finished_one_of_another_configuration_is_kept_only_while_dvc_has_not_what_it_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], *, is_in_cache: bool
) -> None:
    with open_journal(tmp_path, "d.jsonl", HEADING) as journal:
        append(journal, row(1))
    finished_journals.keep(journal.path, "0123abcd")
    cached = {"0123abcd"} if is_in_cache else set()
    with open_journal(tmp_path, "d.jsonl", OTHER, lambda md5: md5 in cached) as journal:
        assert rows(journal) == []
    assert [len(list(tmp_path.glob(name))) for name in ("*.finished", "*.set-aside.jsonl")] == [0, not is_in_cache]
    assert ("starting afresh" in capsys.readouterr().err) is not is_in_cache


def test_rows_without_a_key_are_not_resumed(tmp_path: Path) -> None:
    with open_journal(tmp_path, "d.jsonl", HEADING) as journal:
        append(journal, {"row": {"text": "a"}, "birth": {}})
    with open_journal(tmp_path, "d.jsonl", HEADING) as journal:
        assert rows(journal) == []
    assert len(list(tmp_path.glob("*.set-aside.jsonl"))) == 1


def test_a_key_is_recorded_once(tmp_path: Path) -> None:
    with open_journal(tmp_path, "d.jsonl", HEADING) as journal:
        append(journal, row(1))
        with pytest.raises(ProvenanceError, match=r"key 1 was recorded before; ask recorder.done"):
            append(journal, row(1))
        assert rows(journal) == [row(1)]


def test_a_dataset_is_recorded_by_one_recorder_at_a_time(tmp_path: Path) -> None:
    with open_journal(tmp_path, "d.jsonl", HEADING) as journal:
        append(journal, row(1))
        with (
            pytest.raises(ProvenanceError, match="d.jsonl: another recorder is recording it"),
            open_journal(tmp_path, "d.jsonl", OTHER),
        ):
            pass
        with open_journal(tmp_path, "other.jsonl", HEADING):
            pass
        assert rows(journal) == [row(1)]


def test_damage_costs_the_lines_it_touches_and_no_other(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with open_journal(tmp_path, "d.jsonl", HEADING) as journal:
        journal.append({"packages": {"python": "3"}})
        for number in range(4):
            append(journal, row(number))
        journal.append({"key": "no", "reason": "too short"})
    path = journal_file(tmp_path)
    whole = path.read_bytes()
    starts = [0, *(place + 1 for place, byte in enumerate(whole) if byte == 10)]
    keys = [None] * 4 + [0, 1, 2, 3, "no"]  # what each line is of; heading and packages are there twice
    for place in range(len(whole)):
        for changed in (whole[place] ^ 1, 0, 10):
            path.write_bytes(whole[:place] + bytes([changed]) + whole[place + 1 :])
            lost = keys[sum(start <= place for start in starts) - 1] if changed != whole[place] else None
            at_end = place == len(whole) - 1 and changed != 10
            capsys.readouterr()
            with open_journal(tmp_path, "d.jsonl", LATER) as journal:
                assert journal.activity == HEADING.activity
                assert journal.packages == {"python": "3"}
                gone = {key for key in (0, 1, 2, 3, "no") if not journal.done(key)}
                # A line feed that was damaged at the end looks like a line that a kill cut short.
                assert gone <= {lost}, (place, changed)
                assert (lost is None or whole[place] == 10 or gone == {lost}) and (not at_end or gone == {"no"})
                assert [line["key"] for line in rows(journal)] == [key for key in range(4) if key not in gone]
            said = capsys.readouterr().err
            assert ("damaged" in said) == (changed != whole[place] and not at_end), (place, changed)


def test_a_line_that_is_damaged_while_it_is_open_is_not_left_out_in_silence(tmp_path: Path) -> None:
    with open_journal(tmp_path, "d.jsonl", HEADING) as journal:
        append(journal, row(1))
        append(journal, row(2))
        whole = journal.path.read_bytes()
        journal.path.write_bytes(whole.replace(b"row 1", b"row 7"))
        with pytest.raises(ProvenanceError, match=r"\.jsonl:3: damaged since it was written; run it again"):
            list(rows_with_births(journal))


def test_rows_longer_than_a_piece_that_is_read_at_once(tmp_path: Path) -> None:
    with open_journal(tmp_path, "d.jsonl", HEADING) as journal:
        for number, length in enumerate((1, 5 << 20, 1 << 20, 1, 3 << 20)):
            append(journal, row(number, row={"text": "x" * length, "number": number}))
        journal.close()
        assert [each["key"] for each in rows(journal)] == [0, 1, 2, 3, 4]


def test_a_model_is_described_twice_and_numbered_once(tmp_path: Path) -> None:
    with open_journal(tmp_path, "d.jsonl", HEADING) as journal:
        assert [journal.number_of({"agent": name}) for name in ("a", "b", "a")] == [1, 2, 1]
    path = journal_file(tmp_path)
    path.write_bytes(path.read_bytes().replace(b'"agent":"a"', b'"agent":"x"', 1))
    with open_journal(tmp_path, "d.jsonl", LATER) as journal:
        assert journal.makers == [{"agent": "a"}, {"agent": "b"}]
        assert journal.number_of({"agent": "b"}) == 2


def test_threads_write_whole_lines(tmp_path: Path) -> None:
    with open_journal(tmp_path, "d.jsonl", HEADING) as journal:

        def write(start: int) -> None:
            for number in range(start, start + 200):
                append(journal, row(number))

        threads = [threading.Thread(target=write, args=(start,)) for start in (0, 1000, 2000)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(line["key"] for line in rows(journal)) == [n + k for n in (0, 1000, 2000) for k in range(200)]


def test_a_closed_journal_takes_nothing(tmp_path: Path) -> None:
    with open_journal(tmp_path, "d.jsonl", HEADING) as journal:
        pass
    with pytest.raises(ProvenanceError, match="write within its `with` block"):
        append(journal, row(1))


def test_a_forked_process_may_not_write(tmp_path: Path) -> None:
    with open_journal(tmp_path, "d.jsonl", HEADING) as journal:
        child = os.fork()
        if child == 0:
            try:
                append(journal, row(1))
            except ProvenanceError:
                os._exit(7)
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
        assert rows(journal) == []


def test_a_write_cut_short_leaves_whole_lines(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    with open_journal(tmp_path, "d.jsonl", HEADING) as journal:
        append(journal, row(1))
        size = journal.path.stat().st_size
        child = os.fork()
        if child == 0:
            # A limit on the size of files stands for a full disk: the write is cut short in the middle of the line.
            with open_journal(tmp_path, "full.jsonl", HEADING) as full:
                append(full, row(1))
                before = full.path.read_bytes()
                resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 10, resource.RLIM_INFINITY))
                try:
                    append(full, row(2))
                except ProvenanceError:
                    os._exit(7 if full.path.read_bytes() == before else 1)
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
        assert journal.path.stat().st_size == size


def test_what_json_cannot_hold_is_refused_before_it_is_written(tmp_path: Path) -> None:
    with open_journal(tmp_path, "d.jsonl", HEADING) as journal:
        for key in (2**70, "\ud800"):
            with pytest.raises(ProvenanceError, match="cannot be recorded"):
                append(journal, row(1, key=key))
        assert journal.rows == 0
        assert [orjson.loads(line or b"")["journal"] for line in whole_contents(journal.path.open("rb"))] == [5, 5]


def test_observed_models_keep_their_numbers_when_resumed(tmp_path: Path) -> None:
    one, two = ({"agent": {"name": name}, "parameters": {"b": 1, "a": 2}} for name in ("one", "two"))
    with open_journal(tmp_path, "d.jsonl", HEADING) as journal:
        assert [journal.number_of(maker) for maker in (one, two, one)] == [1, 2, 1]
        append(journal, row(1, birth={"activity": 2}))
    with open_journal(tmp_path, "d.jsonl", HEADING) as journal:
        reordered = {"parameters": {"a": 2, "b": 1}, "agent": {"name": "two"}}
        assert journal.number_of(reordered) == 2
        assert journal.number_of(one | {"parameters": {}}) == 3
        assert journal.makers == [one, two, one | {"parameters": {}}]
        assert journal.done(1)
        assert rows(journal) == [row(1, birth={"activity": 2})]


def append_batch(journal: Journal, numbers: Sequence[int], *, keyed: bool = True) -> None:
    texts = encode_many([{"text": f"row {number}"} for number in numbers])
    keys = [number if keyed else None for number in numbers]
    journal.append_rows([batch_line(texts, {"seed": [*numbers]}, keys)], keys)


def seeds(journal: Journal) -> list[int]:
    """Those of the rows that the journal gives, which have them in their texts, too."""
    found = []
    for part in rows_with_births(journal):
        assert part.known.all()
        found += part.births["seed"].to_pylist()
        texts = [orjson.loads(line)["text"] for line in bytes(part.lines).splitlines()]
        assert texts == [f"row {seed}" for seed in part.births["seed"].to_pylist()]
    return found


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_batches_and_rows_come_in_the_order_of_recording(tmp_path: Path, size: int) -> None:
    with open_journal(tmp_path, "d.jsonl", HEADING) as journal:
        append_batch(journal, range(size))
        append(journal, row(size))
        journal.append({"key": "no", "reason": "too short"})
        append(journal, row(size + 1))
        append_batch(journal, range(size + 2, 2 * size + 2))
        append_batch(journal, range(2 * size + 2, 3 * size + 2))
        assert journal.rows == 3 * size + 2
        assert seeds(journal) == [*range(3 * size + 2)]
        assert [each["reason"] for each in journal.rejections()] == ["too short"]
        with pytest.raises(ProvenanceError, match=f"row 1 of the batch: key {size - 1} was recorded before"):
            append_batch(journal, range(size - 1, size + 1))


def test_of_a_batch_that_is_resumed_what_is_asked_for_stays(tmp_path: Path) -> None:
    with open_journal(tmp_path, "d.jsonl", HEADING) as journal:
        append_batch(journal, range(6))
    with open_journal(tmp_path, "d.jsonl", LATER) as journal:
        assert [journal.done(key) for key in (1, 2, 5, 6)] == [True, True, True, False]
        append_batch(journal, [7, 8])
        assert seeds(journal) == [1, 2, 5, 7, 8]


def test_a_batch_without_keys_is_not_resumed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with open_journal(tmp_path, "d.jsonl", HEADING) as journal:
        append_batch(journal, range(2), keyed=False)
    with open_journal(tmp_path, "d.jsonl", HEADING) as journal:
        assert journal.rows == 0
    assert "has rows without a key" in capsys.readouterr().err


def test_damage_costs_the_batch_that_it_is_in_and_no_other(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with open_journal(tmp_path, "d.jsonl", HEADING) as journal:
        for first in (0, 10, 20):
            append_batch(journal, range(first, first + 10))
    written = bytearray(journal.path.read_bytes())
    written[written.index(b"row 15")] ^= 1
    journal.path.write_bytes(written)
    with open_journal(tmp_path, "d.jsonl", HEADING) as journal:
        assert [key for key in range(30) if journal.done(key)] == [*range(10), *range(20, 30)]
        assert seeds(journal) == [*range(10), *range(20, 30)]
    assert "damaged in 1 place" in capsys.readouterr().err


def test_a_journal_of_batches_cut_at_any_byte_resumes_with_its_whole_lines(tmp_path: Path) -> None:
    with open_journal(tmp_path, "d.jsonl", HEADING) as journal:
        append_batch(journal, range(2))
        first = len(journal.path.read_bytes())
        append_batch(journal, range(2, 4))
    whole = journal.path.read_bytes()
    for end in range(first, len(whole) + 1):
        journal.path.write_bytes(whole[:end])
        with open_journal(tmp_path, "d.jsonl", HEADING) as journal:
            assert [key for key in range(4) if journal.done(key)] == [*range(4 if end == len(whole) else 2)]
