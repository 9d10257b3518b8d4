"""A walk as a tree for a terminal, and as Graphviz and Mermaid text."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from provenance.cli.output import counted, origin_style, safe, short, write_branches, write_line
from provenance.report.model_chains import lines as model_lines
from provenance.report.model_chains import picture

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.text import Text

    from provenance.ledger.walks import Node, Walk

_NAME_WIDTH = 40
_TEXT_WIDTH = 60
# A person reads no more; machines get all.
MOST_IN_A_TREE = 2_000
_MOST_BRANCHES = 20
# Each level takes four columns: so many leave room for what a line says.
DEEPEST = 12
# How models and datasets look, in Graphviz and in Mermaid.
_SHAPES = {"model": ("ellipse", "([", "])"), "dataset": ("folder", "[(", ")]")}

# Before the line, before its continuation, how deep it is, the sample (None: only counted), its role or the count.
_Branch = tuple[str, str, int, str | None, str | None]


def print_tree(walk: Walk, texts: dict[str, str], deepest: int | None = None) -> None:
    """Write the walk as a tree under its start, at most ``deepest`` levels of it (None: all).

    A sample that is reached again is only referred to; of many branches the first are shown, and the others counted, as
    are all that are too far away.
    """
    seen: set[str] = set()
    write_branches(_tree_lines(walk, texts, deepest, seen))
    if walk.reached > len(seen):
        write_line(_left_out(walk, walk.reached - len(seen), deepest))
    for line in model_lines(walk):
        write_line(line)


def _left_out(walk: Walk, count: int, deepest: int | None) -> str:
    from provenance.ledger.walks import Direction

    what = counted(count, f"more {'ancestor' if walk.direction is Direction.ANCESTORS else 'descendant'}")
    if deepest is None or walk.steps <= deepest:
        return f"{what} not shown; --json has all"
    return f"{what} not shown, up to {walk.steps:,} steps away; --depth N shows N steps, --json has all"


def _tree_lines(
    walk: Walk, texts: dict[str, str], deepest: int | None, seen: set[str]
) -> Iterator[tuple[str, str, Text]]:
    """The lines, each with what goes before it and before its continuation; its sample is then among the ``seen``."""
    from rich.text import Text

    nodes = {node.sample_id: node for node in walk.nodes}
    branches = _branches(walk)
    # Those whose branches were shown: what is cut off at one place may be nearer at another.
    told: set[str] = set()
    # A stack of our own: a chain of revisions may be longer than Python's recursion limit.
    waiting: list[_Branch] = [("", "", 0, walk.start, None)]
    while waiting:
        fork, trunk, level, sample, role = waiting.pop()
        if sample is None:
            yield fork, f"{trunk}  ", Text(f"… {role} more", style="dim")
            continue
        again = sample in told
        seen.add(sample)
        label = _reference(sample, role) if again else _label(nodes[sample], role, texts)
        yield fork, f"{trunk}  ", label
        if again:
            continue
        most = 0 if level == deepest else _MOST_BRANCHES
        if most:
            told.add(sample)
        last = True
        for after, role_of_next in reversed(_first_branches(walk, nodes[sample], branches[sample], most)):
            here = ("└── ", "    ") if last else ("├── ", "│   ")
            waiting.append((trunk + here[0], trunk + here[1], level + 1, after, role_of_next))
            last = False


def _first_branches(
    walk: Walk, node: Node, branches: list[tuple[str, str | None]], most: int
) -> list[tuple[str | None, str | None]]:
    """At most ``most`` of the branches under a node, and behind them how many more there are."""
    from provenance.ledger.walks import Direction

    there = node.parents if walk.direction is Direction.ANCESTORS else node.children
    first: list[tuple[str | None, str | None]] = [*branches[:most]]
    more = max(there, len(branches)) - len(first)
    return [*first, (None, f"{more:,}")] if more else first


def _branches(walk: Walk) -> dict[str, list[tuple[str, str | None]]]:
    """From each sample to the next ones of the walk, with the parent's role."""
    from provenance.ledger.walks import Direction

    branches: dict[str, list[tuple[str, str | None]]] = defaultdict(list)
    for edge in walk.edges:
        if walk.direction is Direction.ANCESTORS:
            branches[edge.child].append((edge.parent, edge.role))
        else:
            branches[edge.parent].append((edge.child, edge.role))
    return branches


def describe(node: Node) -> str:
    """What a node says of itself, besides its id: origin and kind, depth, and what it was born of. Not yet safe."""
    parts = [node.origin + (f" ({node.kind})" if node.kind else "")]
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
    return ", ".join(safe(part, _NAME_WIDTH) for part in parts)


def _label(node: Node, role: str | None, texts: dict[str, str]) -> Text:
    from rich.text import Text

    label = Text()
    if role:
        label.append(f"{safe(role, _NAME_WIDTH)}: ", style="dim")
    label.append(short(node.sample_id), style="bold")
    label.append(" ")
    label.append(describe(node), style=origin_style(node.origin))
    if node.sample_id in texts:
        label.append(f"  “{safe(texts[node.sample_id], _TEXT_WIDTH)}”", style="italic")
    return label


def _reference(sample_id: str, role: str | None) -> Text:
    from rich.text import Text

    return Text(f"{safe(role, _NAME_WIDTH)}: " if role else "").append(f"{short(sample_id)} (shown above)")


def dot(walk: Walk) -> str:
    """The walk in Graphviz's language, an arrow from each parent to its child."""
    lines = ["digraph lineage {", "  rankdir=BT;", '  node [shape=box, fontname="sans-serif"];']
    lines += [
        f"  {_dot_text(node.sample_id)} [label={_dot_text(short(node.sample_id), describe(node))}];"
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


def mermaid(walk: Walk) -> str:
    """The walk as a Mermaid flow chart, an arrow from each parent to its child."""
    names = {node.sample_id: f"s{number}" for number, node in enumerate(walk.nodes)}
    lines = ["flowchart BT"]
    for node in walk.nodes:
        label = f"{short(node.sample_id)}<br>{_mermaid_text(describe(node))}"
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
