from __future__ import annotations

from provenance.faces.flow import Edge, Node, Row
from provenance.report.page.pipeline import gathered, longest, merged


def test_many_models_of_a_step_are_one_card_and_few_are_not() -> None:
    models = [Node(f"m{n}", "model", f"m{n}") for n in range(4)]
    sources = [Node(f"s{n}", "source", f"s{n}") for n in range(3)]
    nodes = {node.id: node for node in [Node("step", "stage", "step"), *models, *sources]}
    edges = [Edge(model.id, "step", 10, of_model=True) for model in models]
    edges += [Edge(source.id, "step", 1) for source in sources]
    shown, between = gathered(nodes, edges)
    assert [(node.kind, node.title) for node in shown] == [
        ("stage", "step"),
        ("source", "s0"),
        ("source", "s1"),
        ("source", "s2"),
        ("model", "4 models"),
    ]
    assert [edge.rows for edge in between if edge.of_model] == [40]


def test_one_edge_leads_from_an_input_to_a_step_whatever_it_makes() -> None:
    edges = [Edge("a", "step", 3, "3 rows"), Edge("a", "step", 4, "4 rows")]
    assert merged(edges) == [Edge("a", "step", 7, "7 rows")]


def test_a_long_table_keeps_the_lines_of_most_rows_in_their_order() -> None:
    lines = [Row(f"source {n}", "", "mix", n % 100, 0) for n in range(200)]
    kept = longest(lines)
    assert len(kept) == 80 and min(row.kept for row in kept) == 60
    assert kept == [row for row in lines if row in kept]
    assert longest(lines[:3]) == lines[:3]
