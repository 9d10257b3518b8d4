"""A notebook records and asks in a kernel without ipywidgets, which neither JupyterLab nor Notebook brings."""

from __future__ import annotations

from pathlib import Path

import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

WITHOUT_WIDGETS = """
import sys
sys.modules["ipywidgets"] = None  # also where they are installed
"""
RECORDS = """
import subprocess
import sys
import provenance
with provenance.record("made.jsonl", source=provenance.Source(name="manual", license="CC0-1.0")) as recorder:
    for text in ("a", "b", "a"):
        recorder.write({"text": text})
tracked = ("made.jsonl", "made.jsonl.lineage.parquet")
subprocess.run([sys.executable, "-m", "dvc", "add", "-q", *tracked], check=True)
"""
DECLARES = """
provenance.declare("made.jsonl", values={"verdict": "good"}).stated
"""
ASKS = """
with provenance.Ledger.open() as ledger:
    found = ledger.sql("SELECT count(DISTINCT sample_id) AS samples, sum(rows)::INT AS rows FROM samples").read_all()
    made = ledger.composition("made.jsonl")
found.to_pylist(), made.rows, provenance.audit("made.jsonl").passes
"""


def test_a_kernel_without_widgets_records_and_asks(
    dvc_repository: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"):
        monkeypatch.setenv(variable, str(tmp_path_factory.mktemp(variable.lower())))
    cells = [new_code_cell(source) for source in (WITHOUT_WIDGETS, RECORDS, DECLARES, ASKS)]  # type: ignore[no-untyped-call]
    notebook = new_notebook(cells=cells)  # type: ignore[no-untyped-call]
    NotebookClient(notebook, kernel_name="python3", timeout=300).execute()
    *_, declared, asked = ("".join(output["data"]["text/plain"]) for cell in cells for output in cell["outputs"])
    assert declared == "3"
    assert asked == "([{'samples': 2, 'rows': 3}], 3, True)"
