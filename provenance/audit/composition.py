"""Composition: a dataset's rows, bytes and tokens by what is known of their births.

It is counted from the sidecar's records that bear rows, never from the data. A sample that was born twice has its rows
on its first record only, so that nothing is counted twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from provenance.errors import SidecarError
from provenance.ledger.datasets import RecordedDataset
from provenance.ledger.ledger import Ledger
from provenance.ledger.selectors import agent_label
from provenance.lineage.database import text_literal

UNKNOWN = "unknown"
UNSTATED = "unstated"
BREAKDOWNS = ("by_origin", "by_kind", "by_model", "by_source", "by_license", "by_depth", "by_evidence")

_CELLS = """
    SELECT * REPLACE (effective_license(license, source) AS license) FROM (
        SELECT origin, kind, agent, source, license, depth, evidence, real_rooted,
            sum(rows)::BIGINT AS rows, sum(content_bytes * rows)::BIGINT AS bytes,
            sum(tokens::BIGINT * rows)::BIGINT AS tokens,
            coalesce(sum(rows) FILTER (tokens IS NOT NULL), 0)::BIGINT AS rows_with_tokens,
            CASE WHEN cost IS NULL AND amount IS NOT NULL THEN currency END AS currency,
            sum(amount) AS cost, coalesce(sum(rows) FILTER (amount IS NOT NULL), 0)::BIGINT AS rows_costed
        FROM (SELECT *, {amount} AS amount, {currency} AS currency FROM samples)
        WHERE sidecar = ? AND rows > 0 GROUP BY ALL)"""
# A price is of a million tokens; as a price of one it is still exact.
_PRICE_TYPE = "DECIMAL(26, 16)"
_TOKENS_OF_A_PRICE = Decimal(1_000_000)
# The rows of a sample are on its first record, so a conflict shows as another record, without rows, of another origin.
_CONFLICTS = """
    SELECT count(*), coalesce(sum(rows), 0)::BIGINT FROM (
        SELECT DISTINCT sample_id, born.rows FROM samples born JOIN samples again USING (sample_id)
        WHERE born.sidecar = ? AND again.sidecar = ? AND born.rows > 0 AND again.rows = 0
        AND born.origin <> again.origin)"""
_DANGLING = "SELECT count(*) FROM samples WHERE sidecar = ? AND content_bytes IS NULL"


# One group of the one aggregate query; every breakdown adds up the same cells.
Cell = dict[str, Any]


@dataclass(frozen=True)
class Share:
    """A group's part of a dataset. ``bytes`` are of canonical content; ``tokens`` is None where no row's are known."""

    rows: int
    bytes: int
    tokens: int | None
    rows_with_tokens: int
    fraction: float


@dataclass(frozen=True)
class Cost:
    """What was paid for the samples' births: a sum that only covers ``rows_costed`` of ``rows``.

    A birth's cost is the one that was reported, else its tokens times the activity's price. ``currency`` is that of the
    prices, None where none was used. Prices in different currencies are not added up: their rows are not costed.
    """

    amount: Decimal
    rows_costed: int
    rows: int
    currency: str | None = None


@dataclass(frozen=True)
class Composition:
    """What a dataset is made of. Every breakdown maps groups to shares of all rows, the largest group first.

    ``by_kind`` and ``by_model`` are of synthetic and mixed rows, ``by_source`` of real rows and of what else bears a
    source's content; there, ``unstated`` is what nobody said, or what differs between a row's parents. The other
    breakdowns are of all rows, with ``unknown`` for what is not known.
    """

    path: str
    rows: int
    bytes: int
    by_origin: dict[str, Share]
    by_kind: dict[str, Share]
    by_model: dict[str, Share]
    by_source: dict[str, Share]
    by_license: dict[str, Share]
    by_depth: dict[str, Share]
    by_evidence: dict[str, Share]
    real_rooted_fraction: float | None
    max_depth: int | None
    cost: Cost | None
    measures: dict[str, dict[str, int]]

    def as_json(self) -> dict[str, Any]:
        """The composition in JSON's types; amounts of money are decimal text, which loses nothing."""
        document = asdict(self)
        if self.cost is not None:
            document["cost"]["amount"] = format(self.cost.amount.normalize(), "f")
        return document


def composition(ledger: Ledger, dataset: RecordedDataset) -> Composition:
    """Count what ``dataset`` (one of the ledger's) is made of.

    Raises:
        SidecarError: the sidecar is of other data than DVC has, or its records do not add up to its rows.
    """
    stated = dataset.sidecar.header.dataset
    dataset.require_current()
    relation = ledger.connection.sql(_CELLS.format(**_pricing(ledger)), params=[dataset.place])
    cells = [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]
    rows = sum(cell["rows"] for cell in cells)
    if rows != stated.rows:
        raise SidecarError(
            f"{dataset.sidecar.path}: its records account for {rows} rows, its footer states {stated.rows}; "
            "the sidecar is damaged: restore it with `dvc checkout`, or make it again"
        )
    depths = [cell["depth"] for cell in cells if cell["depth"] is not None]
    return Composition(
        path=dataset.path,
        rows=rows,
        bytes=sum(cell["bytes"] or 0 for cell in cells),
        **{name: _breakdown(cells, group, rows) for name, group in _groups(ledger).items()},
        real_rooted_fraction=_real_rooted_fraction(cells),
        max_depth=max(depths, default=None),
        cost=_cost(cells, rows),
        measures=_measures(ledger, dataset.place),
    )


def _groups(ledger: Ledger) -> dict[str, Callable[[Cell], str | None]]:
    """For each breakdown, the group a cell belongs to; None where the breakdown does not apply to it."""
    models: dict[int | None, str | None] = {None: None, **dict(enumerate(map(agent_label, ledger.agents)))}
    sources: dict[int | None, str | None] = {None: None, **{n: s.name for n, s in enumerate(ledger.sources)}}

    def named(name: str | None, cell: Cell, *origins: str) -> str | None:
        return name or (UNSTATED if cell["origin"] in origins else None)

    return {
        "by_origin": lambda cell: cell["origin"],
        "by_kind": lambda cell: named(cell["kind"], cell, "synthetic", "mixed"),
        "by_model": lambda cell: named(models[cell["agent"]], cell, "synthetic", "mixed"),
        "by_source": lambda cell: named(sources[cell["source"]], cell, "real"),
        "by_license": lambda cell: cell["license"] or UNKNOWN,
        "by_depth": lambda cell: UNKNOWN if cell["depth"] is None else str(cell["depth"]),
        "by_evidence": lambda cell: cell["evidence"] or UNKNOWN,
    }


def _breakdown(cells: Iterable[Cell], group: Callable[[Cell], str | None], total: int) -> dict[str, Share]:
    members: dict[str, list[Cell]] = {}
    for cell in cells:
        name = group(cell)
        if name is not None:
            members.setdefault(name, []).append(cell)
    shares = {name: _share(same, total) for name, same in members.items()}
    return dict(sorted(shares.items(), key=lambda item: (-item[1].rows, item[0])))


def _share(cells: list[Cell], total: int) -> Share:
    rows = sum(cell["rows"] for cell in cells)
    tokens = [cell["tokens"] for cell in cells if cell["tokens"] is not None]
    return Share(
        rows=rows,
        bytes=sum(cell["bytes"] or 0 for cell in cells),
        tokens=sum(tokens) if tokens else None,
        rows_with_tokens=sum(cell["rows_with_tokens"] for cell in cells),
        fraction=rows / total,
    )


def _real_rooted_fraction(cells: list[Cell]) -> float | None:
    """The part of the rows that are not real that have a real ancestor; None where all rows are real."""
    made = [cell for cell in cells if cell["origin"] != "real"]
    if not made:
        return None
    rooted: int = sum(cell["rows"] for cell in made if cell["real_rooted"])
    rows: int = sum(cell["rows"] for cell in made)
    return rooted / rows


def _pricing(ledger: Ledger) -> dict[str, str]:
    """SQL expressions for what a birth cost, ``amount``, and for the ``currency`` of its activity's price."""
    prices = [activity.price for activity in ledger.activities]

    def of_activity(values: Iterable[str | None], sql_type: str) -> str:
        listed = ", ".join("NULL" if value is None else text_literal(value) for value in values)
        return f"([{listed}]::{sql_type}[])[activity + 1]"

    inputs, outputs = (
        of_activity(
            (f"{getattr(price, side) / _TOKENS_OF_A_PRICE:f}" if price else None for price in prices), _PRICE_TYPE
        )
        for side in ("input", "output")
    )
    return {
        "amount": f"coalesce(cost, input_tokens * {inputs} + output_tokens * {outputs})",
        "currency": of_activity((price.currency if price else None for price in prices), "VARCHAR"),
    }


def _cost(cells: list[Cell], rows: int) -> Cost | None:
    currencies = {cell["currency"] for cell in cells} - {None}
    costed = [cell for cell in cells if cell["cost"] is not None]
    if len(currencies) > 1:
        costed = [cell for cell in costed if cell["currency"] is None]
    if not costed:
        return None
    return Cost(
        amount=sum((cell["cost"] for cell in costed), Decimal(0)),
        rows_costed=sum(cell["rows_costed"] for cell in costed),
        rows=rows,
        currency=currencies.pop() if len(currencies) == 1 else None,
    )


def _measures(ledger: Ledger, place: int) -> dict[str, dict[str, int]]:
    samples, rows = ledger.connection.execute(_CONFLICTS, [place, place]).fetchall()[0]
    dangling = ledger.connection.execute(_DANGLING, [place]).fetchall()[0][0]
    return {
        "conflicting_births": {"samples": samples, "rows": rows},
        "dangling_parents": {"samples": dangling},
    }
