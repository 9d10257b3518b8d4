"""A notebook records and asks in a kernel without ipywidgets, which neither JupyterLab nor Notebook brings."""

from __future__ import annotations

from pathlib import Path

import nbformat
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
    commands = ledger.sql("SELECT DISTINCT command FROM activities").read_all()["command"].to_pylist()
found.to_pylist(), made.rows, provenance.audit("made.jsonl").passes, commands
"""


SHOWS = """
from IPython.display import display
with provenance.Ledger.open() as ledger:
    sample = next(iter(ledger.sql("SELECT sample_id FROM samples").read_all()["sample_id"])).as_py()
    display(ledger, ledger.composition("made.jsonl"), ledger.record(sample), ledger.trace(sample))
    display(ledger.impact("source:manual"), provenance.audit("made.jsonl", policy="baseline"))
"""


EXAMPLE = Path(__file__).parents[2] / "examples" / "lineage.ipynb"


@pytest.fixture
def jupyter(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Jupyter with folders of its own."""
    for variable in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"):
        monkeypatch.setenv(variable, str(tmp_path_factory.mktemp(variable.lower())))


@pytest.mark.usefixtures("isolated", "jupyter")
def test_the_example_runs_from_its_first_cell_to_its_last() -> None:
    notebook = nbformat.read(EXAMPLE, as_version=4)  # type: ignore[no-untyped-call]
    assert not any(cell.get("outputs") for cell in notebook.cells), "kept without what it printed here"
    NotebookClient(notebook, kernel_name="python3", timeout=300).execute()
    shown = [
        "".join(output["data"].get("text/html", ""))
        for cell in notebook.cells
        for output in cell.get("outputs", ())
        if "data" in output
    ]
    assert sum(html.startswith('<div class="provenance-block">') for html in shown) == 6
    assert not any("<script" in html for html in shown)


@pytest.mark.usefixtures("jupyter")
def test_a_kernel_without_widgets_records_and_asks(dvc_repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # As Jupyter's server names the notebook to its kernel.
    monkeypatch.setenv("JPY_SESSION_NAME", str(dvc_repository / "notes" / "made.ipynb"))
    cells = [new_code_cell(source) for source in (WITHOUT_WIDGETS, RECORDS, DECLARES, ASKS, SHOWS)]  # type: ignore[no-untyped-call]
    notebook = new_notebook(cells=cells)  # type: ignore[no-untyped-call]
    NotebookClient(notebook, kernel_name="python3", timeout=300).execute()
    *asking, shows = cells
    *_, declared, asked = ("".join(output["data"]["text/plain"]) for cell in asking for output in cell["outputs"])
    assert declared == "3"
    assert asked == "([{'samples': 2, 'rows': 3}], 3, True, ['notes/made.ipynb'])"
    shown = [output["data"]["text/html"] for output in shows["outputs"] if "data" in output]
    assert len(shown) == 6
    assert all(html.startswith('<div class="provenance-block">') for html in shown)
    assert all("<script" not in html and len(html.encode()) <= 20_000 for html in shown)
