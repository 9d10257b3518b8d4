from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.recording import collect_documents, lines, records

import provenance
from provenance.capture import reading
from provenance.lineage.records import ActivityType
from provenance.lineage.sidecar import open_sidecar

JOURNALS = Path(".dvc/tmp/provenance/journals")
SCRIPT = """
import pathlib, sys, time
import provenance

ROWS, FAIL = 60, pathlib.Path("fail")
MODEL = provenance.Model(name="writer", revision="1")
PROMPT = provenance.Prompt(name="ask", template="Ask about: {text}")
with provenance.record("made.jsonl", model=MODEL, prompt=PROMPT, parameters={"seed": 1}) as recorder:
    documents = list(provenance.read("data/documents.jsonl"))
    for number in range(ROWS):
        key = f"k{number}"
        if recorder.done(key):
            continue
        with open("generated.log", "a") as log:
            log.write(key + chr(10))
        if FAIL.exists() and number == 30:
            raise SystemExit("failed on purpose")
        time.sleep(0.003)
        document = documents[number % len(documents)]
        if number % 7 == 3:
            recorder.reject(key=key, reason="too short")
            continue
        parents = [document, f"data/documents.jsonl:{number % 3 + 1}"]
        recorder.write({"text": f"question {number}"}, key=key, parents=parents, seed=number,
                       prompt_variables={"text": document["text"]}, usage={"prompt_tokens": number})
"""
KEYS = [f"k{number}" for number in range(60)]


@pytest.fixture
def documents(dvc_repository: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A dataset of five rows, and make.py, which makes another of it."""
    monkeypatch.setattr(reading, "_read_here", {})
    Path("make.py").write_text(SCRIPT, encoding="utf-8")
    return collect_documents()


def generated() -> list[str]:
    """The keys that make.py has generated since this was last asked."""
    log = Path("generated.log")
    found = log.read_text(encoding="utf-8").split()
    log.unlink()
    return found


def made() -> tuple[bytes, list[dict[str, Any]], dict[str, Any]]:
    """What make.py has made, apart from the times, which differ between any two runs."""
    header = open_sidecar(Path("made.jsonl.lineage.parquet")).header.model_dump(mode="json")
    for activity in header["activities"]:
        activity["started"] = activity["ended"] = None
    return Path("made.jsonl").read_bytes(), records("made.jsonl"), header


def test_a_run_killed_at_any_moment_is_resumed_as_if_undisturbed(documents: str) -> None:
    command = [sys.executable, "make.py"]
    subprocess.run(command, check=True)
    undisturbed = made()
    assert generated() == KEYS
    for seed in range(2):
        moments = random.Random(seed)
        for path in ("made.jsonl", "made.jsonl.lineage.parquet"):
            Path(path).unlink()
        interrupted = 0
        for _ in range(2):
            process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
            while not list(JOURNALS.glob("*.jsonl")) and process.poll() is None:
                time.sleep(0.002)
            time.sleep(moments.uniform(0, 0.6))
            process.kill()
            process.wait()
            if list(JOURNALS.glob("*.jsonl")):
                interrupted += 1
            else:  # it had finished before the kill: what it made is whole, and the next run is a new one
                assert made() == undisturbed
                assert set(generated()) == set(KEYS)
                interrupted = 0
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
        assert made() == undisturbed
        again = generated()
        assert len(again) <= len(KEYS) + interrupted
        assert set(again) == set(KEYS)
        assert {file.suffix for file in JOURNALS.iterdir()} == {".lock"}


def test_a_recorder_killed_between_rows_leaves_no_lock_and_loses_none(dvc_repository: Path) -> None:
    script = (
        "import os, signal, provenance\n"
        "with provenance.record('x.jsonl', model=provenance.Model(name='m')) as recorder:\n"
        "    recorder.write({'text': 'a'}, key=1)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == -signal.SIGKILL
    with provenance.record("x.jsonl", model=provenance.Model(name="m")) as recorder:
        assert recorder.done(1)
    assert lines("x.jsonl") == [{"text": "a"}]


class BoomError(Exception):
    pass


def test_an_exception_leaves_the_old_files_and_is_resumed(documents: str) -> None:
    before = {path: path.read_bytes() for path in Path("data").iterdir()}
    tried = []

    def generate(fail_at: int | None) -> None:
        with provenance.record(documents, model=provenance.Model(name="m")) as recorder:
            for number in range(4):
                if recorder.done(number):
                    continue
                if number == fail_at:
                    raise BoomError
                tried.append(number)
                if number == 1:
                    recorder.reject(key=number, reason="no good")
                else:
                    recorder.write({"text": f"generated {number}"}, key=number)

    with pytest.raises(BoomError):
        generate(fail_at=3)
    assert {path: path.read_bytes() for path in Path("data").iterdir()} == before
    generate(fail_at=None)
    assert tried == [0, 1, 2, 3]
    assert [row["text"] for row in lines(documents)] == ["generated 0", "generated 2", "generated 3"]
    assert {file.suffix for file in JOURNALS.iterdir()} == {".lock"}


def test_in_a_stage_the_journal_outlives_what_dvc_deletes(
    documents: str, run: Callable[..., str], commit: Callable[[], str]
) -> None:
    Path("fail").touch()
    Path("params.yaml").write_text("temperature: 0.5\nhf_token: abc\n", encoding="utf-8")
    run(
        *("dvc", "stage", "add", "--quiet", "--name=make", "--deps=make.py", f"--deps={documents}"),
        *("--params=temperature,hf_token", "--outs=made.jsonl", "--outs=made.jsonl.lineage.parquet"),
        f"{sys.executable} make.py",
    )
    head = commit()
    repro = [sys.executable, "-m", "dvc", "repro", "--quiet"]
    assert subprocess.run(repro, capture_output=True, check=False).returncode != 0
    assert generated() == KEYS[:31]
    Path("fail").unlink()
    run("dvc", "repro", "--quiet")
    assert generated() == KEYS[30:]
    header = open_sidecar(Path("made.jsonl.lineage.parquet")).header
    (activity,) = [activity for activity in header.activities if activity.type is ActivityType.GENERATION]
    assert activity.stage is not None
    assert activity.stage.name == "make"
    assert activity.stage.parameters == {"temperature": 0.5, "hf_token": "REDACTED"}
    assert activity.stage.dependencies.keys() == {documents, "make.py"}
    assert activity.git is not None
    assert activity.git.head == head


def test_another_stage_parameter_or_input_is_another_recording(
    documents: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stage = "stages:\n  s:\n    cmd: x\n    deps: [make.py, data/documents.jsonl]\n    params: [t]\n"
    Path("dvc.yaml").write_text(stage, encoding="utf-8")
    Path("params.yaml").write_text("t: 1\n", encoding="utf-8")
    monkeypatch.setenv("DVC_STAGE", "s")

    def fail() -> None:
        with provenance.record("x.jsonl", model=provenance.Model(name="m")) as recorder:
            if not recorder.done(1):
                recorder.write({"text": "x"}, key=1)
            raise BoomError

    def is_resumed() -> bool:
        with pytest.raises(BoomError):
            fail()
        return "resuming" in capsys.readouterr().err

    assert [is_resumed(), is_resumed()] == [False, True]
    Path("make.py").write_text("# mended", encoding="utf-8")
    assert is_resumed()
    Path("params.yaml").write_text("t: 2\n", encoding="utf-8")
    assert [is_resumed(), is_resumed()] == [False, True]
    Path(documents).write_text('{"text": "other"}\n', encoding="utf-8")
    assert not is_resumed()


AFTERWARDS = """
import os, pathlib, signal
if not pathlib.Path("killed").exists():
    pathlib.Path("killed").touch()
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_stage_killed_after_its_recorder_has_finished_generates_nothing_twice(
    documents: str, run: Callable[..., str]
) -> None:
    Path("stage.py").write_text(SCRIPT + AFTERWARDS, encoding="utf-8")
    command = [sys.executable, "stage.py"]
    outs = ["-o", "made.jsonl", "-o", "made.jsonl.lineage.parquet"]
    run("dvc", "stage", "add", "-q", "-n", "make", "-d", documents, *outs, *command)
    assert subprocess.run([sys.executable, "-m", "dvc", "repro", "-q"], check=False).returncode != 0
    assert generated() == KEYS
    assert len(list(JOURNALS.glob("*.finished"))) == 1
    run("dvc", "repro", "-q")
    assert not Path("generated.log").exists()
    # Recorded by DVC now: running the stage again on purpose generates again, and what was kept is gone.
    run("dvc", "repro", "-q", "-f")
    assert generated() == KEYS
    assert len(list(JOURNALS.glob("*.finished"))) == 1
    assert not list(JOURNALS.glob("*.jsonl"))
