from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.sidecars import sample

from provenance.cli.tree import print_tree
from provenance.ledger.models.chain import ModelBehind, ModelChain, TrainedOn
from provenance.ledger.models.passages import Passage
from provenance.ledger.walks import Direction, Edge, Node, Walk
from provenance.models import TrainingDataset
from provenance.report.pictures import dot, mermaid

NODE = Node(
    sample_id=sample(1),
    origin="synthetic",
    kind="answer",
    depth=1,
    real_rooted=True,
    content_bytes=10,
    license=None,
    evidence="observed",
    type="generation",
    activity="0123456789abcdef",
    model="writer@1",
    source=None,
    prompt="ask",
    stage="generate",
    parents=0,
    children=0,
)


def walk(*edges: tuple[int, int], role: str | None = "context", **stated: str) -> Walk:
    """A walk up from sample 1 along ``edges`` (child, parent); ``stated`` holds of every node."""
    numbers = dict.fromkeys([1, *(number for edge in edges for number in edge)])
    return Walk(
        start=sample(1),
        direction=Direction.ANCESTORS,
        nodes=tuple(replace(NODE, sample_id=sample(number), **stated) for number in numbers),  # type: ignore[arg-type]
        edges=tuple(Edge(sample(child), sample(parent), role) for child, parent in edges),
        reached=len(numbers),
        steps=len(edges),
        models=ModelChain(),
    )


def test_a_tree_describes_each_sample_once(capsys: pytest.CaptureFixture[str]) -> None:
    print_tree(walk((1, 2), (1, 3), (2, 3), (3, 1)), {sample(3): "three\nlines\x07"})
    lines = capsys.readouterr().out.splitlines()
    described = "synthetic (answer), depth 1, model writer@1, prompt ask, stage generate"
    assert lines == [
        f"{sample(1)[:12]} {described}",
        f"├── context: {sample(2)[:12]} {described}",
        f"│   └── context: {sample(3)[:12]} {described}  “three lines\\x07”",
        f"│       └── context: {sample(1)[:12]} (shown above)",
        f"└── context: {sample(3)[:12]} (shown above)",
    ]


def test_of_many_branches_the_first_are_shown_and_the_others_counted(capsys: pytest.CaptureFixture[str]) -> None:
    wide = walk(*((1, number) for number in range(2, 102)))
    first = replace(wide.nodes[0], parents=4_000)
    print_tree(replace(wide, nodes=(first, *wide.nodes[1:]), reached=4_001), {})
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1 + 20 + 2
    assert lines[-2:] == ["└── … 3,980 more", "3,980 more ancestors not shown; --json has all"]


def test_a_chain_longer_than_the_stack_is_a_tree(capsys: pytest.CaptureFixture[str]) -> None:
    print_tree(walk(*((n, n + 1) for n in range(1, 1100))), {})
    assert len(capsys.readouterr().out.splitlines()) == 1100


def test_a_deep_tree_is_cut_and_says_what_is_further_away(capsys: pytest.CaptureFixture[str]) -> None:
    print_tree(walk(*((n, n + 1) for n in range(1, 1100))), {}, deepest=3)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("context: ")[-1].split(" ")[0] for line in lines[:4]] == [sample(n)[:12] for n in range(1, 5)]
    assert lines[4:] == [
        " " * 12 + "└── … 1 more",
        "1,096 more ancestors not shown, up to 1,099 steps away; --depth N shows N steps, --json has all",
    ]


def test_what_is_cut_off_in_one_place_is_shown_where_it_is_nearer(capsys: pytest.CaptureFixture[str]) -> None:
    print_tree(walk((1, 2), (1, 3), (2, 3), (3, 4)), {}, deepest=2)
    described = "synthetic (answer), depth 1, model writer@1, prompt ask, stage generate"
    names = {number: f"context: {sample(number)[:12]} {described}" for number in (2, 3, 4)}
    assert capsys.readouterr().out.splitlines()[1:] == [
        f"├── {names[2]}",
        f"│   └── {names[3]}",
        "│       └── … 1 more",
        f"└── {names[3]}",
        f"    └── {names[4]}",
    ]


SEED = TrainingDataset(path="seed.jsonl", commit="a" * 40, md5="0" * 32, sidecar_md5="1" * 32)
GONE = TrainingDataset(path="gone.jsonl", md5="2" * 32, sidecar_md5="3" * 32)
BEHIND = (
    ModelBehind("writer@1", ("writer@1",), "base", (TrainedOn(SEED, 2, ("base",)),), ("web",)),
    ModelBehind("base", ("base@7",), None, (TrainedOn(GONE, None, ()),), ()),
)


def test_models_behind_a_sample_are_told_below_the_tree(capsys: pytest.CaptureFixture[str]) -> None:
    print_tree(replace(walk((1, 2)), models=ModelChain(behind=BEHIND)), {})
    assert capsys.readouterr().out.splitlines()[2:] == [
        "through models:",
        "  writer@1: trained on seed.jsonl@aaaaaaa (2 samples, in part by base); "
        "trained on web, which is held elsewhere; made from base",
        "  base: trained on gone.jsonl (its sidecar is not available)",
    ]


def test_of_many_generators_of_training_data_the_first_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    many = tuple(f"m{number}" for number in range(7))
    writer = replace(BEHIND[1], trained_on=(TrainedOn(SEED, 9, many),))
    print_tree(replace(walk(), models=ModelChain(behind=(writer,))), {})
    assert capsys.readouterr().out.splitlines()[2:] == [
        "  base: trained on seed.jsonl@aaaaaaa (9 samples, in part by m0, m1, m2, m3, m4 and 2 more models)"
    ]


def test_models_behind_a_sample_are_dashed_in_pictures() -> None:
    walked = replace(walk((1, 2), model="base@7"), models=ModelChain(behind=BEHIND))
    drawn = dot(walked)
    for line in (
        '"model writer@1" [shape=ellipse, label="writer@1"];',
        '"dataset seed.jsonl@aaaaaaa" [shape=folder, label="seed.jsonl@aaaaaaa\\n2 samples"];',
        '"model base" -> "dataset seed.jsonl@aaaaaaa" [style=dashed];',
        '"dataset seed.jsonl@aaaaaaa" -> "model writer@1" [style=dashed, label="trained on"];',
        '"dataset web" -> "model writer@1" [style=dashed, label="trained on"];',
        '"model base" -> "model writer@1" [style=dashed, label="made from"];',
        f'"model base" -> "{sample(1)}" [style=dashed];',
    ):
        assert f"  {line}" in drawn.splitlines()
    flow = mermaid(walked).splitlines()
    assert '  m0(["writer@1"])' in flow
    assert '  m3[("seed.jsonl@aaaaaaa<br>2 samples")]' in flow
    assert '  m3 -.->|"trained on"| m0' in flow
    assert "  m1 -.-> s0" in flow


def test_models_that_learnt_from_a_sample_lead_on_from_it(capsys: pytest.CaptureFixture[str]) -> None:
    chain = ModelChain(passages=(Passage("writer@1", (SEED,), 1, 3),), through_models=3)
    down = replace(walk(), direction=Direction.DESCENDANTS, models=chain)
    print_tree(down, {})
    assert capsys.readouterr().out.splitlines()[1:] == [
        "through models: 3 more samples",
        "  writer@1: trained on 1 of these samples in seed.jsonl@aaaaaaa; generated 3",
    ]
    drawn = dot(down)
    assert (
        f'"{sample(1)}" -> "dataset seed.jsonl@aaaaaaa" [style=dashed, label="is in it, or what came of it"];' in drawn
    )
    assert '"model writer@1" [shape=ellipse, label="writer@1\\ngenerated 3 samples"];' in drawn


@given(st.text(min_size=1, max_size=20), st.text(min_size=1, max_size=20))
def test_no_name_ends_the_label_of_a_model(model: str, path: str) -> None:
    learnt = TrainedOn(SEED.model_copy(update={"path": path}), 1, (model,))
    walked = replace(walk((1, 2)), models=ModelChain(behind=(ModelBehind(model, (), None, (learnt,), (path,)),)))
    for line in dot(walked).splitlines()[3:-1]:
        outside = re.sub(r'"(?:[^"\\]|\\.)*"', "T", line)
        assert re.fullmatch(r"  T( -> T)?( \[(shape=\w+, |style=dashed(, )?)?(label=T)?\])?;", outside)
    for line in mermaid(walked).splitlines()[1:]:
        outside = re.sub(r'"[^"\n]*"', "T", line)
        assert "<" not in line.replace("<br>", "")
        assert re.fullmatch(r"  [sm]\d(\[T\]|\(\[T\]\)|\[\(T\)\]| (-->|-\.->)(\|T\|)? [sm]\d)", outside)


@given(st.text(max_size=20), st.text(max_size=20))
def test_no_text_ends_its_label(model: str, role: str) -> None:
    graph = walk((1, 2), model=model, role=role)
    for line in dot(graph).splitlines()[3:-1]:
        outside = re.sub(r'"(?:[^"\\]|\\.)*"', "T", line)
        assert re.fullmatch(r"  T( -> T)?( \[label=T\])?;", outside)
    for line in mermaid(graph).splitlines()[1:]:
        assert re.fullmatch(r'  s\d(\["[^"<>\n]*<br>[^"<>\n]*"\]| -->(\|"[^"<>\n]*"\|)? s\d)', line)
