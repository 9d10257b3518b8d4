"""Cells: a dataset's rows grouped by all that breakdowns ask of them, in one aggregate query over the sidecar.

Only records that bear rows are counted, never the data. A sample that was born twice has its rows on its first record
only, so that nothing is counted twice. Every breakdown adds up the same cells.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from weakref import WeakKeyDictionary

from provenance.errors import SidecarError
from provenance.ledger.composition.families import model_family
from provenance.ledger.datasets import RecordedDataset
from provenance.ledger.sidecars import Sidecars
from provenance.lineage.database import text_literal

UNKNOWN = "unknown"
UNSTATED = "unstated"

_CELLS = """
    SELECT * REPLACE (effective_license(license, source) AS license) FROM (
        SELECT origin, kind, agent, source, license, depth, evidence, verdict, verifier, real_rooted,
            sum(rows)::BIGINT AS rows, coalesce(sum(content_bytes * rows), 0)::BIGINT AS bytes,
            sum(tokens::BIGINT * rows)::BIGINT AS tokens,
            coalesce(sum(rows) FILTER (tokens IS NOT NULL), 0)::BIGINT AS rows_with_tokens,
            currency,
            sum(amount) AS cost, coalesce(sum(rows) FILTER (amount IS NOT NULL), 0)::BIGINT AS rows_costed
        FROM (SELECT *, {amount} AS amount, {currency} AS currency FROM samples)
        WHERE sidecar = ? AND rows > 0 GROUP BY ALL)"""
# A price is of a million tokens; as a price of one it is still exact.
_PRICE_TYPE = "DECIMAL(26, 16)"
_TOKENS_OF_A_PRICE = Decimal(1_000_000)


@dataclass(frozen=True)
class Cell:
    """Rows that agree in everything that is grouped by. ``agent`` and ``source`` are numbers of the ledger's.

    ``license`` is the record's own, else its source's. ``cost`` is the sum over ``rows_costed`` rows; ``currency`` is
    set where it was worked out from prices.
    """

    origin: str
    kind: str | None
    agent: int | None
    source: int | None
    license: str | None
    depth: int | None
    evidence: str | None
    verdict: str | None
    verifier: str | None
    real_rooted: bool | None
    rows: int
    bytes: int
    tokens: int | None
    rows_with_tokens: int
    currency: str | None
    cost: Decimal | None
    rows_costed: int


Grouping = Callable[[Cell], str | None]

# Composition and several measures ask for the same cells; a ledger does not change while it is open.
_COUNTED: WeakKeyDictionary[Sidecars, dict[int, list[Cell]]] = WeakKeyDictionary()


def cells_of(ledger: Sidecars, dataset: RecordedDataset) -> list[Cell]:
    """The cells of ``dataset``, one of the ledger's.

    Raises:
        SidecarError: the sidecar is of other data than DVC has, or its records do not add up to its rows.
    """
    counted = _COUNTED.setdefault(ledger, {})
    if dataset.place not in counted:
        counted[dataset.place] = _count(ledger, dataset)
    return counted[dataset.place]


def _count(ledger: Sidecars, dataset: RecordedDataset) -> list[Cell]:
    dataset.require_current()
    query = _CELLS.format(**_pricing(ledger))
    cells = [Cell(*row) for row in ledger.connection.execute(query, [dataset.place]).fetchall()]
    rows = sum(cell.rows for cell in cells)
    if rows != dataset.sidecar.header.dataset.rows:
        raise SidecarError(
            f"{dataset.sidecar.path}: its records account for {rows} rows, its footer states "
            f"{dataset.sidecar.header.dataset.rows}; "
            "the sidecar is damaged: restore it with `dvc checkout`, or make it again"
        )
    return cells


def groupings(ledger: Sidecars) -> dict[str, Grouping]:
    """For each breakdown, the group a cell belongs to; None where the breakdown does not apply to it."""
    models: dict[int | None, str | None] = {None: None, **dict(enumerate(agent.label for agent in ledger.agents))}
    families = {number: name and model_family(name) for number, name in models.items()}
    sources: dict[int | None, str | None] = {None: None, **{n: s.name for n, s in enumerate(ledger.sources)}}

    def named(name: str | None, cell: Cell, *origins: str) -> str | None:
        return name or (UNSTATED if cell.origin in origins else None)

    return {
        "by_origin": lambda cell: cell.origin,
        "by_kind": lambda cell: named(cell.kind, cell, "synthetic", "mixed"),
        "by_model": lambda cell: named(models[cell.agent], cell, "synthetic", "mixed"),
        "by_model_family": lambda cell: named(families[cell.agent], cell, "synthetic", "mixed"),
        "by_source": lambda cell: named(sources[cell.source], cell, "real"),
        "by_license": lambda cell: cell.license or UNKNOWN,
        "by_depth": lambda cell: UNKNOWN if cell.depth is None else str(cell.depth),
        "by_evidence": lambda cell: cell.evidence or UNKNOWN,
        "by_verdict": lambda cell: named(cell.verdict, cell, "synthetic", "mixed"),
    }


def grouped(cells: Iterable[Cell], group: Grouping) -> dict[str, list[Cell]]:
    """The cells of each group, where the breakdown applies to them."""
    members: dict[str, list[Cell]] = {}
    for cell in cells:
        name = group(cell)
        if name is not None:
            members.setdefault(name, []).append(cell)
    return members


def _pricing(ledger: Sidecars) -> dict[str, str]:
    """SQL for what a birth cost, ``amount``, and for the ``currency``, where that was worked out from a price."""
    prices = [activity.price for activity in ledger.activities]
    if not any(prices):
        # Working out prices takes a third of the time of the whole query.
        return {"amount": "cost", "currency": "NULL::VARCHAR"}

    def of_activity(values: Iterable[str | None], sql_type: str) -> str:
        listed = ", ".join("NULL" if value is None else text_literal(value) for value in values)
        return f"([{listed}]::{sql_type}[])[activity + 1]"

    inputs, outputs = (
        of_activity(
            (f"{getattr(price, side) / _TOKENS_OF_A_PRICE:f}" if price else None for price in prices), _PRICE_TYPE
        )
        for side in ("input", "output")
    )
    priced = f"input_tokens * {inputs} + output_tokens * {outputs}"
    currency = of_activity((price.currency if price else None for price in prices), "VARCHAR")
    return {
        "amount": f"coalesce(cost, {priced})",
        "currency": f"CASE WHEN cost IS NULL AND {priced} IS NOT NULL THEN {currency} END",
    }
