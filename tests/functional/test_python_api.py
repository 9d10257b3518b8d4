"""`provenance.Ledger`: the examples of docs/python-api.md run, and what they do not show."""

from __future__ import annotations

import doctest
import gc
import re
import time
import weakref
from pathlib import Path
from typing import Any

import pytest
from support.lineage import DOCS, MIX, PAIRS, lineage_project
from support.project import Project
from support.workbench import identifier

import provenance
from provenance.errors import ProvenanceError, QueryError, RepositoryError, UnknownReferenceError

PAGE = Path(__file__).resolve().parents[2] / "docs/python-api.md"
NOBODY = "0" * 32


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Not to be changed."""
    return lineage_project(tmp_path_factory.mktemp("api") / "repository")


@pytest.fixture
def ledger(project: Project) -> Any:
    with provenance.Ledger.open(project.root) as opened:
        yield opened


def test_the_examples_of_the_page(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project.root)
    blocks = re.findall(r"^```pycon\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert len(blocks) == 8
    flags = doctest.ELLIPSIS | doctest.IGNORE_EXCEPTION_DETAIL
    runner = doctest.DocTestRunner(optionflags=flags)
    example = doctest.DocTestParser().get_doctest("\n".join(blocks), {}, PAGE.name, str(PAGE), 0)
    said: list[str] = []
    runner.run(example, out=said.append)
    assert runner.failures == 0, "".join(said)
    assert runner.tries > 10


def test_samples_by_prefix_place_and_id(ledger: provenance.Ledger) -> None:
    pair = identifier(PAIRS[0])
    assert {ledger.record(sample).sample_id for sample in (pair, pair.upper(), pair[:8], "mix.jsonl:3")} == {pair}
    assert [record.rows for record in ledger.records(identifier(DOCS[0]))] == [3]


def test_ancestors_and_descendants_are_without_the_samples_themselves(ledger: provenance.Ledger) -> None:
    pairs, docs = sorted(map(identifier, PAIRS)), sorted(map(identifier, DOCS))
    assert list(ledger.ancestors(pairs)) == docs
    assert list(ledger.descendants(docs)) == pairs
    assert list(ledger.ancestors(docs)) == []
    # One of the samples that another was made from is an ancestor.
    assert list(ledger.ancestors([identifier(PAIRS[0]), identifier(DOCS[0])])) == [identifier(DOCS[0])]
    assert len(ledger.descendants([])) == 0


def test_paths_are_from_the_root_wherever_one_works(
    ledger: provenance.Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert ledger.composition("mix.jsonl").rows == len(MIX)
    assert ledger.impact("dataset:pairs.jsonl").selected == len(PAIRS)
    assert ledger.impact("sample:docs.jsonl:1", "sample:" + identifier(DOCS[1])[:10]).descendants == 2
    assert ledger.record("docs.jsonl:2").sample_id == identifier(DOCS[1])


def test_several_questions_side_by_side(ledger: provenance.Ledger) -> None:
    answers = [ledger.sql("SELECT DISTINCT sample_id FROM samples ORDER BY 1") for _ in range(2)]
    assert [batch.num_rows for answer in answers for batch in answer] == [4, 4]
    assert ledger.sql("SELECT $x AS x", {"x": "'; DROP VIEW samples"}).read_all().to_pylist() == [
        {"x": "'; DROP VIEW samples"}
    ]


def test_what_does_not_exist(ledger: provenance.Ledger, project: Project, tmp_path: Path) -> None:
    for ask in (ledger.record, ledger.ancestors, ledger.descendants):
        with pytest.raises(UnknownReferenceError, match=f"{NOBODY}: no sample id in this revision starts"):
            ask(NOBODY)
    with pytest.raises(UnknownReferenceError, match="ghost: not a dataset"):
        ledger.composition("ghost")
    with pytest.raises(UnknownReferenceError, match="source:ghost: no such source"):
        ledger.impact("source:ghost")
    with pytest.raises(QueryError, match="only SELECT is allowed"):
        ledger.sql("DROP VIEW samples")
    with pytest.raises(RepositoryError, match="not inside a DVC repository"), provenance.Ledger.open(tmp_path):
        pass
    with pytest.raises(RepositoryError, match="no such git revision"), provenance.Ledger.open(project.root, "ghost"):
        pass


@pytest.mark.parametrize(
    ("method", "arguments", "said"),
    [
        ("record", (["docs.jsonl:1"],), "sample: expected str, got list"),
        ("records", (b"docs.jsonl:1",), "sample: expected str, got bytes"),
        ("ancestors", (None,), "samples: expected str or Iterable, got NoneType"),
        ("descendants", (b"abcdef",), "sample: expected str, got int"),
        ("trace", (7,), "sample: expected str, got int"),
        ("impact", (["source:library"],), "selector: expected str, got list"),
        ("impact", (), "nothing is selected"),
        ("composition", (["mix.jsonl"],), "dataset: expected str or PathLike, got list"),
        ("sql", (None,), "query: expected str, got NoneType"),
        ("sql", ("SELECT ?", "a"), r"for a single one, \[value\]"),
        ("sql", ("SELECT ?", 7), "parameters: expected Sequence or Mapping, got int"),
        ("record", ("docs\0.jsonl:1",), "not a dataset"),
        ("composition", ("mix\0.jsonl",), "not a dataset"),
    ],
)
def test_arguments_of_another_type_are_refused(
    ledger: provenance.Ledger, method: str, arguments: tuple[Any, ...], said: str
) -> None:
    with pytest.raises(ProvenanceError, match=said):
        getattr(ledger, method)(*arguments)


@pytest.mark.parametrize("depth", [0, -3, "1", True])
def test_a_trace_goes_at_least_one_step(ledger: provenance.Ledger, depth: Any) -> None:
    with pytest.raises(ProvenanceError, match="at least 1 step|depth: expected int"):
        ledger.trace("mix.jsonl:1", depth=depth)


def test_a_path_is_a_dataset(ledger: provenance.Ledger, project: Project) -> None:
    assert ledger.composition(project.root / "mix.jsonl").rows == len(MIX)


def test_what_cannot_be_opened(project: Project) -> None:
    for repo, rev in ((None, None), (project.root, 7), (project.root, "")):
        with pytest.raises(ProvenanceError), provenance.Ledger.open(repo, rev):  # type: ignore[arg-type]
            pass


LAZILY = """
import sys
import provenance

assert "numpy" not in sys.modules
with provenance.Ledger.open() as ledger:
    print(len(ledger.datasets), [len(ledger.ancestors(sample)) for sample in ledger.descendants(sys.argv[1])])
    print([name for name in ("dvc", "duckdb", "pyarrow", "pydantic") if name in sys.modules])
    ledger.record(sys.argv[1])
    print("duckdb" in sys.modules)
"""


def test_what_is_not_asked_for_is_not_loaded(project: Project) -> None:
    command = ("python", "-c", LAZILY, identifier(DOCS[0]))
    # What the second and third run find already there.
    time.sleep(0.1)
    project.run(*command)
    assert project.run(*command).stdout.splitlines() == ["4 [1]", "[]", "True"]


def test_a_revision(project: Project) -> None:
    with provenance.Ledger.open(project.root, "HEAD~1") as ledger:
        assert [dataset.path for dataset in ledger.datasets] == ["docs.jsonl"]
        assert ledger.record(identifier(DOCS[0])).rows == 1
        assert list(ledger.descendants(identifier(DOCS[0]))) == []


def test_without_a_block_a_ledger_is_open_until_nobody_holds_it(project: Project) -> None:
    opened = provenance.Ledger.open(project.root)
    assert opened.record("mix.jsonl:1").origin.value == "synthetic"
    assert len(opened.descendants("docs.jsonl:1")) == 1
    opened.close()
    opened.close()
    forgotten = weakref.ref(provenance.Ledger.open(project.root))
    gc.collect()
    assert forgotten() is None


def test_nothing_is_left_behind(project: Project) -> None:
    with provenance.Ledger.open(project.root) as ledger:
        ledger.sql("SELECT 1")
    assert not [path for path in (project.root / ".dvc/tmp/provenance").iterdir() if path.name.startswith("query-")]
