"""A walk as a picture: Graphviz and Mermaid text, and what a node says of itself."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from provenance.report.model_chains import picture
from provenance.report.plain_text import safe, short

if TYPE_CHECKING:
    from provenance.ledger.walks import Node, Walk

NAME_WIDTH = 40
# How models and datasets look, in Graphviz and in Mermaid.
_SHAPES = {"model": ("ellipse", "([", "])"), "dataset": ("folder", "[(", ")]")}


NOTHING_REVOKED: Mapping[str, bool] = MappingProxyType({})


def describe(node: Node, revoked: Mapping[str, bool] = NOTHING_REVOKED) -> str:
    """What a node says of itself, besides its id: origin and kind, depth, and what it was born of. Not yet safe.

    ``revoked``: the samples that are revoked, or came from what is, and whether they certainly are.
    """
    parts = [node.origin + (f" ({node.kind})" if node.kind else "")]
    if node.sample_id in revoked:
        parts.insert(0, "REVOKED" if revoked[node.sample_id] else "MAY BE REVOKED")
    if node.births > 1:
        parts.append(f"the first of {node.births} births")
    if node.content_bytes is None:
        parts.append("never seen")
    if node.depth is not None:
        parts.append(f"depth {node.depth}")
    parts += [
        f"{name} {value}"
        for name, value in (
            ("model", node.model),
            ("source", node.source),
            ("prompt", node.prompt),
            ("stage", node.stage),
        )
        if value
    ]
    return ", ".join(safe(part, NAME_WIDTH) for part in parts)


def dot(walk: Walk, revoked: Mapping[str, bool] = NOTHING_REVOKED) -> str:
    """The walk in Graphviz's language, an arrow from each parent to its child."""
    lines = ["digraph lineage {", "  rankdir=BT;", '  node [shape=box, fontname="sans-serif"];']
    lines += [
        f"  {_dot_text(node.sample_id)} [label={_dot_text(short(node.sample_id), describe(node, revoked))}];"
        for node in walk.nodes
    ]
    for edge in walk.edges:
        role = f" [label={_dot_text(edge.role)}]" if edge.role else ""
        lines.append(f"  {_dot_text(edge.parent)} -> {_dot_text(edge.child)}{role};")
    models = picture(walk)
    for key, said_of_it in models.nodes.items():
        shape = _SHAPES[key.partition(" ")[0]][0]
        lines.append(f"  {_dot_text(key)} [shape={shape}, label={_dot_text(*said_of_it)}];")
    for start, end, said in models.arrows:
        label_of_arrow = f", label={_dot_text(said)}" if said else ""
        lines.append(f"  {_dot_text(start)} -> {_dot_text(end)} [style=dashed{label_of_arrow}];")
    return "\n".join([*lines, "}"])


def _dot_text(*lines: str) -> str:
    escaped = (safe(line).replace("\\", "\\\\").replace('"', '\\"') for line in lines)
    return '"' + "\\n".join(escaped) + '"'


def mermaid(walk: Walk, revoked: Mapping[str, bool] = NOTHING_REVOKED) -> str:
    """The walk as a Mermaid flow chart, an arrow from each parent to its child."""
    names = {node.sample_id: f"s{number}" for number, node in enumerate(walk.nodes)}
    lines = ["flowchart BT"]
    for node in walk.nodes:
        label = f"{short(node.sample_id)}<br>{_mermaid_text(describe(node, revoked))}"
        lines.append(f'  {names[node.sample_id]}["{label}"]')
    for edge in walk.edges:
        role = f'|"{_mermaid_text(edge.role)}"|' if edge.role else ""
        lines.append(f"  {names[edge.parent]} -->{role} {names[edge.child]}")
    models = picture(walk)
    names |= {key: f"m{number}" for number, key in enumerate(models.nodes)}
    for key, said_of_it in models.nodes.items():
        _, opening, closing = _SHAPES[key.partition(" ")[0]]
        lines.append(f'  {names[key]}{opening}"{"<br>".join(map(_mermaid_text, said_of_it))}"{closing}')
    for start, end, said in models.arrows:
        label_of_arrow = f'|"{_mermaid_text(said)}"|' if said else ""
        lines.append(f"  {names[start]} -.->{label_of_arrow} {names[end]}")
    return "\n".join(lines)


def _mermaid_text(text: str) -> str:
    """``text`` with everything that is not plainly a word as a Mermaid entity: it may not end the label, or be HTML."""
    return "".join(c if c.isalnum() or c in " .,:;-_/@()" else f"#{ord(c)};" for c in safe(text))
