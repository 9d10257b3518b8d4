"""Composition: a dataset's rows, bytes and tokens by what is known of their births, counted from the sidecar alone."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from decimal import Decimal
from typing import Any

from provenance.engines.interface import Cell
from provenance.ledger.composition.breakdowns import BREAKDOWNS, grouped
from provenance.ledger.datasets import RecordedDataset
from provenance.ledger.sidecars import Sidecars


@dataclass(frozen=True)
class Share:
    """A group's part of a dataset. ``bytes`` are of canonical content; ``tokens`` is None where no row's are known.

    ``fraction`` is of all rows, ``bytes_fraction`` of all bytes, ``tokens_fraction`` of all tokens that are known; None
    where there are none.
    """

    rows: int
    bytes: int
    tokens: int | None
    rows_with_tokens: int
    fraction: float
    bytes_fraction: float | None
    tokens_fraction: float | None


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
class BirthClassRows:
    """Rows whose births agree in all that is grouped by, and their bytes (of canonical content).

    ``model`` is NAME@REVISION, ``source`` a name, ``license`` the record's own, else its source's, ``stage`` the DVC
    stage whose activity bore the samples. None: nothing is stated, or (``depth``) it is not known.
    """

    origin: str
    kind: str | None
    model: str | None
    source: str | None
    license: str | None
    depth: int | None
    evidence: str | None
    stage: str | None
    rows: int
    bytes: int


_AMOUNTS = ("rows", "bytes")
# What a birth class is of.
BIRTH_CLASS_COLUMNS = tuple(field.name for field in fields(BirthClassRows) if field.name not in _AMOUNTS)


@dataclass(frozen=True)
class Composition:
    """What a dataset is made of. Every breakdown maps groups to shares of the whole, the largest group first.

    ``by_kind``, ``by_model``, ``by_model_family`` and ``by_verdict`` are of synthetic and mixed rows (and of what else
    was verified), ``by_source`` of real rows and of what else bears a source's content; there, ``unstated`` is what
    nobody said, or what differs between a row's parents. The other breakdowns are of all rows, with ``unknown`` for
    what is not known. ``birth_classes``: the rows by all of it together, the class of most rows first; every group is a
    sum over these.
    """

    path: str
    rows: int
    bytes: int
    tokens: int | None
    by_origin: dict[str, Share]
    by_kind: dict[str, Share]
    by_model: dict[str, Share]
    by_model_family: dict[str, Share]
    by_source: dict[str, Share]
    by_license: dict[str, Share]
    by_depth: dict[str, Share]
    by_evidence: dict[str, Share]
    by_verdict: dict[str, Share]
    real_rooted_fraction: float | None
    max_depth: int | None
    cost: Cost | None
    birth_classes: tuple[BirthClassRows, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The breakdowns in JSON's types; amounts of money are decimal text, which loses nothing.

        ``birth_classes`` are left out: their number is not bounded, and each breakdown is a sum over them.
        """
        document = {name: value for name, value in asdict(self).items() if name != "birth_classes"}
        if self.cost is not None:
            document["cost"]["amount"] = format(self.cost.amount.normalize(), "f")
        return document


def composition(ledger: Sidecars, dataset: RecordedDataset) -> Composition:
    """Count what ``dataset`` (one of the ledger's) is made of.

    Raises:
        SidecarError: the sidecar is of other data than DVC has, or its records do not add up to its rows.
    """
    cells = ledger.cells(dataset)
    total = _total(cells)
    breakdowns = {
        name: shares({group: _total(same) for group, same in grouped(cells, breakdown.group).items()}, total)
        for name, breakdown in BREAKDOWNS.items()
    }
    return Composition(
        path=dataset.path,
        rows=total.rows,
        bytes=total.bytes,
        tokens=total.tokens,
        **breakdowns,
        real_rooted_fraction=_real_rooted_fraction(cells),
        max_depth=max((cell.depth for cell in cells if cell.depth is not None), default=None),
        cost=cost_of(cells),
        birth_classes=_birth_classes(cells),
    )


@dataclass(frozen=True)
class Amounts:
    """How much there is of something."""

    rows: int
    bytes: int
    tokens: int | None
    rows_with_tokens: int


def shares(groups: dict[str, Amounts], total: Amounts) -> dict[str, Share]:
    """The groups as parts of ``total``, the one of most rows first."""
    found = {
        name: Share(
            rows=amounts.rows,
            bytes=amounts.bytes,
            tokens=amounts.tokens,
            rows_with_tokens=amounts.rows_with_tokens,
            fraction=amounts.rows / total.rows,
            bytes_fraction=amounts.bytes / total.bytes if total.bytes else None,
            tokens_fraction=None if amounts.tokens is None or not total.tokens else amounts.tokens / total.tokens,
        )
        for name, amounts in groups.items()
    }
    return dict(sorted(found.items(), key=lambda item: (-item[1].rows, item[0])))


def cost_of(cells: list[Cell]) -> Cost | None:
    """What the cells' births cost; None where nothing is known of it."""
    currencies = {cell.currency for cell in cells} - {None}
    costed = [cell for cell in cells if cell.cost is not None]
    if len(currencies) > 1:
        costed = [cell for cell in costed if cell.currency is None]
    if not costed:
        return None
    return Cost(
        amount=sum((cell.cost for cell in costed if cell.cost is not None), Decimal(0)),
        rows_costed=sum(cell.rows_costed for cell in costed),
        rows=sum(cell.rows for cell in cells),
        currency=currencies.pop() if len(currencies) == 1 else None,
    )


def _total(cells: list[Cell]) -> Amounts:
    tokens = [cell.tokens for cell in cells if cell.tokens is not None]
    return Amounts(
        rows=sum(cell.rows for cell in cells),
        bytes=sum(cell.bytes for cell in cells),
        tokens=sum(tokens) if tokens else None,
        rows_with_tokens=sum(cell.rows_with_tokens for cell in cells),
    )


def _birth_classes(cells: list[Cell]) -> tuple[BirthClassRows, ...]:
    classes: dict[tuple[Any, ...], tuple[int, int]] = {}
    for cell in cells:
        born = tuple(getattr(cell, name) for name in BIRTH_CLASS_COLUMNS)
        rows, size = classes.get(born, (0, 0))
        classes[born] = rows + cell.rows, size + cell.bytes
    found = [
        BirthClassRows(**dict(zip(BIRTH_CLASS_COLUMNS, born, strict=True)), rows=rows, bytes=size)
        for born, (rows, size) in classes.items()
    ]
    return tuple(sorted(found, key=lambda each: (-each.rows, repr(each))))


def _real_rooted_fraction(cells: list[Cell]) -> float | None:
    """The part of the rows that are not real that have a real ancestor; None where all rows are real."""
    made = [cell for cell in cells if cell.origin != "real"]
    if not made:
        return None
    return sum(cell.rows for cell in made if cell.real_rooted) / sum(cell.rows for cell in made)
