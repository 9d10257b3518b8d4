"""A walk as a tree for a terminal."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from provenance.cli.output import origin_style, write_branches, write_line
from provenance.report.model_chains import lines as model_lines
from provenance.report.pictures import NAME_WIDTH, NOTHING_REVOKED, describe
from provenance.report.plain_text import counted, safe, short

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rich.text import Text

    from provenance.ledger.walks import Node, Walk

_TEXT_WIDTH = 60
# A person reads no more; machines get all.
MOST_IN_A_TREE = 2_000
_MOST_BRANCHES = 20
# Each level takes four columns: so many leave room for what a line says.
DEEPEST = 12

# Before the line, before its continuation, how deep it is, the sample (None: only counted), its role or the count.
_Branch = tuple[str, str, int, str | None, str | None]


def print_tree(
    walk: Walk, texts: dict[str, str], deepest: int | None = None, revoked: Mapping[str, bool] = NOTHING_REVOKED
) -> None:
    """Write the walk as a tree under its start, at most ``deepest`` levels of it (None: all); ``revoked`` is marked.

    A sample that is reached again is only referred to; of many branches the first are shown, and the others counted, as
    are all that are too far away.
    """
    seen: set[str] = set()
    write_branches(_tree_lines(walk, texts, deepest, seen, revoked))
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
    walk: Walk, texts: dict[str, str], deepest: int | None, seen: set[str], revoked: Mapping[str, bool]
) -> Iterator[tuple[str, str, Text]]:
    """The lines, each with what goes before it and before its continuation; its sample is then among the ``seen``."""
    from rich.text import Text

    nodes = {node.sample_id: node for node in walk.nodes}
    branches = _branches(walk)
    # Those whose branches were shown: what is cut off at one place may be nearer at another.
    expanded: set[str] = set()
    # A stack of our own: a chain of revisions may be longer than Python's recursion limit.
    waiting: list[_Branch] = [("", "", 0, walk.start, None)]
    while waiting:
        fork, trunk, level, sample, role = waiting.pop()
        if sample is None:
            yield fork, f"{trunk}  ", Text(f"… {role} more", style="dim")
            continue
        again = sample in expanded
        seen.add(sample)
        label = _reference(sample, role) if again else _label(nodes[sample], role, texts, revoked)
        yield fork, f"{trunk}  ", label
        if again:
            continue
        most = 0 if level == deepest else _MOST_BRANCHES
        if most:
            expanded.add(sample)
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


def _label(node: Node, role: str | None, texts: dict[str, str], revoked: Mapping[str, bool]) -> Text:
    from rich.text import Text

    label = Text()
    if role:
        label.append(f"{safe(role, NAME_WIDTH)}: ", style="dim")
    label.append(short(node.sample_id), style="bold")
    label.append(" ")
    label.append(describe(node, revoked), style="red" if node.sample_id in revoked else origin_style(node.origin))
    if node.sample_id in texts:
        label.append(f"  “{safe(texts[node.sample_id], _TEXT_WIDTH)}”", style="italic")
    return label


def _reference(sample_id: str, role: str | None) -> Text:
    from rich.text import Text

    return Text(f"{safe(role, NAME_WIDTH)}: " if role else "").append(f"{short(sample_id)} (shown above)")
