from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.sidecars import sample

from provenance.cli.graphs import dot, mermaid, print_tree
from provenance.ledger.walks import Direction, Edge, Node, Walk

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
    assert lines[-2:] == ["└── … 3,980 more", "4,001 samples reached, the nearest 101 looked at; --json has all"]


def test_a_chain_longer_than_the_stack_is_a_tree(capsys: pytest.CaptureFixture[str]) -> None:
    print_tree(walk(*((n, n + 1) for n in range(1, 1100))), {})
    assert len(capsys.readouterr().out.splitlines()) == 1100


@given(st.text(max_size=20), st.text(max_size=20))
def test_no_text_ends_its_label(model: str, role: str) -> None:
    graph = walk((1, 2), model=model, role=role)
    for line in dot(graph).splitlines()[3:-1]:
        outside = re.sub(r'"(?:[^"\\]|\\.)*"', "T", line)
        assert re.fullmatch(r"  T( -> T)?( \[label=T\])?;", outside)
    for line in mermaid(graph).splitlines()[1:]:
        assert re.fullmatch(r'  s\d(\["[^"<>\n]*<br>[^"<>\n]*"\]| -->(\|"[^"<>\n]*"\|)? s\d)', line)
