"""Composition: a dataset's rows, bytes and tokens by what is known of their births, counted from the sidecar alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from provenance.faces.tabular import Tabular
from provenance.ledger.composition.breakdowns import BREAKDOWNS, Breakdown
from provenance.ledger.composition.spending import Cost, cost_of
from provenance.ledger.datasets import RecordedDataset
from provenance.ledger.rows import Amounts, Between, DatasetRows, Grouped, between_parts
from provenance.ledger.sidecars import Sidecars
from provenance.lineage.words import AMBIGUOUS, Origin
from provenance.plurals import counted

if TYPE_CHECKING:
    from provenance.engines.answers import BornAlike

# Of the sets of groups that ambiguous rows may be of, the ones of most rows are listed.
_LISTED = 50
# What stands in such a set for rows to which the question does not apply, and for those that may be of any group.
_NOT_ASKED, _ANY = "none", "any"


@dataclass(frozen=True)
class Share:
    """A group's part of a dataset. ``bytes`` are of canonical content; ``tokens`` is None where no row's are known.

    ``fraction`` is of all rows, ``bytes_fraction`` of all bytes, ``tokens_fraction`` of all tokens that are known; None
    where there are none. These are certain; the same with ``at_most_`` counts what may be of the group, too.
    """

    rows: int
    bytes: int
    tokens: int | None
    rows_with_tokens: int
    fraction: float
    bytes_fraction: float | None
    tokens_fraction: float | None
    at_most_rows: int
    at_most_bytes: int
    at_most_tokens: int | None
    at_most_fraction: float
    at_most_bytes_fraction: float | None
    at_most_tokens_fraction: float | None


@dataclass(frozen=True)
class Ambiguous:
    """The rows of a breakdown whose group is not certain, as their births differ in it.

    ``between``: how many of them may be of which groups ("m1 or m3"; "any" stands for every group, "none" for rows that
    the question is not asked of), the ones of most rows. ``of_any_group``: those that may be of any, even of one that
    the breakdown does not have.
    """

    rows: int
    of_any_group: int
    between: Mapping[str, int]


@dataclass(frozen=True)
class BirthClassRows:
    """Rows whose births agree in all that is grouped by, and their bytes (of canonical content).

    ``model`` is NAME@REVISION, ``source`` a name, ``license`` the record's own, else its source's, ``stage`` the DVC
    stage whose activity bore the samples. None: nothing is stated, or (``depth``) it is not known; ``ambiguous``: the
    parents' births differ in it, as ``doubts`` says, also of the depth. ``rows`` and ``bytes`` are certain;
    ``at_most_rows``: with those that may have been born so.
    """

    origin: str
    kind: str | None
    model: str | None
    source: str | None
    license: str | None
    depth: int | None
    evidence: str | None
    chain_evidence: str | None
    stage: str | None
    doubts: tuple[str, ...]
    rows: int
    at_most_rows: int
    bytes: int


_AMOUNTS = ("rows", "at_most_rows", "bytes")
# What a birth class says in words, each with the breakdown of which that is a group.
IN_WORDS: dict[str, Breakdown] = {
    each.column: each for each in BREAKDOWNS.values() if each.column in ("origin", "kind", "source", "license")
}
IN_WORDS["model"] = BREAKDOWNS["by_model"]
# What a birth class is of.
BIRTH_CLASS_COLUMNS = tuple(field.name for field in fields(BirthClassRows) if field.name not in _AMOUNTS)


@dataclass(frozen=True, repr=False)
class Composition(Tabular):
    """What a dataset is made of. Every breakdown maps groups to shares of the whole, the largest group first.

    ``by_kind``, ``by_model``, ``by_model_family`` and ``by_verdict`` are of synthetic and mixed rows (and of what else
    was verified), ``by_source`` of real rows and of what else bears a source's content; there, ``unstated`` is what
    nobody said, or what differs between a row's parents. The other breakdowns are of all rows, with ``unknown`` for
    what is not known. In each, ``ambiguous`` are the rows of which births are known that differ in it, so that they
    are in no other group for certain; the field ``ambiguous`` has more of them, by the breakdown's name.
    ``birth_classes``: the rows by all of it together, the class of most rows first; every group is a sum over these
    where nothing is ambiguous.
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
    by_chain_evidence: dict[str, Share]
    by_verdict: dict[str, Share]
    ambiguous: dict[str, Ambiguous]
    real_rooted_fraction: float | None
    at_most_real_rooted_fraction: float | None
    max_depth: int | None
    at_most_max_depth: int | None
    cost: Cost | None
    birth_classes: tuple[BirthClassRows, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The breakdowns in JSON's types.

        ``birth_classes`` are left out: their number is not bounded, and each breakdown is a sum over them.
        """
        document = {name: value for name, value in asdict(self).items() if name != "birth_classes"}
        return document | {"cost": self.cost and self.cost.as_json()}

    @property
    def origins(self) -> dict[str, int]:
        """Rows by origin; ambiguous ones are unknown here, where only four words are understood."""
        found = Counter[str]()
        for origin, share in self.by_origin.items():
            found[Origin.UNKNOWN if origin == AMBIGUOUS else origin] += share.rows
        return dict(found)

    def _table_rows(self) -> Iterator[dict[str, Any]]:
        """A row for each group of each breakdown."""
        for name in BREAKDOWNS:
            for group, share in getattr(self, name).items():
                yield {"breakdown": name, "group": group, **asdict(share)}

    def __repr__(self) -> str:
        shares = ", ".join(f"{origin} {share.fraction:.1%}" for origin, share in self.by_origin.items())
        return f"<Composition of {self.path!r}: {counted(self.rows, 'row')}{shares and ': '}{shares}>"

    def _repr_html_(self) -> str:
        from provenance.faces.notebook import Table, block

        shown = ("group", "rows", "at_most_rows", "fraction")
        tables = [
            Table.of(
                BREAKDOWNS[name].words,
                (
                    {column: {"group": group, **asdict(share)}[column] for column in shown}
                    for group, share in each.items()
                ),
                len(each),
            )
            for name in ("by_model", "by_kind", "by_source", "by_license", "by_depth")
            if (each := getattr(self, name))
        ]
        title = f"{self.path}: {counted(self.rows, 'row')}, {self.bytes:,} bytes"
        return block(title, strands=[("origin", self.origins)], tables=tables)


def composition(ledger: Sidecars, dataset: RecordedDataset) -> Composition:
    """Count what ``dataset`` (one of the ledger's) is made of.

    Raises:
        SidecarError: the sidecar is of other data than DVC has, or its records do not add up to its rows.
    """
    rows = ledger.rows(dataset)
    total = rows.total
    grouped = {name: rows.by(breakdown.group) for name, breakdown in BREAKDOWNS.items()}
    rooted, depth = real_rooted(rows), greatest_depth(rows)
    return Composition(
        path=dataset.path,
        rows=total.rows,
        bytes=total.bytes,
        tokens=total.tokens,
        **{name: _shares(each, total) for name, each in grouped.items()},
        ambiguous={name: _ambiguous(each) for name, each in grouped.items() if each.ambiguous.rows},
        real_rooted_fraction=rooted and rooted[0],
        at_most_real_rooted_fraction=rooted and rooted[1],
        max_depth=depth and depth[0],
        # What is in doubt may be of any depth.
        at_most_max_depth=None if grouped["by_depth"].of_any_group.rows else depth and depth[1],
        cost=cost_of(rows, ledger.engine.of(dataset.place), dataset),
        birth_classes=_birth_classes(rows),
    )


def shares(groups: Mapping[str, Between], total: Amounts) -> dict[str, Share]:
    """The groups as parts of ``total``, the one of most rows first."""
    found = {name: _share(amounts, total) for name, amounts in groups.items()}
    return dict(sorted(found.items(), key=lambda item: (-item[1].rows, -item[1].at_most_rows, item[0])))


def _shares(grouped: Grouped, total: Amounts) -> dict[str, Share]:
    ambiguous = {AMBIGUOUS: Between(grouped.ambiguous, grouped.ambiguous)} if grouped.ambiguous.rows else {}
    return shares({**grouped.groups, **ambiguous}, total)


def _share(amounts: Between, total: Amounts) -> Share:
    certain, at_most = amounts.certain, amounts.at_most
    return Share(
        rows=certain.rows,
        bytes=certain.bytes,
        tokens=certain.tokens,
        rows_with_tokens=certain.rows_with_tokens,
        fraction=certain.rows / total.rows,
        bytes_fraction=_part(certain.bytes, total.bytes),
        tokens_fraction=_part(certain.tokens, total.tokens),
        at_most_rows=at_most.rows,
        at_most_bytes=at_most.bytes,
        at_most_tokens=at_most.tokens,
        at_most_fraction=at_most.rows / total.rows,
        at_most_bytes_fraction=_part(at_most.bytes, total.bytes),
        at_most_tokens_fraction=_part(at_most.tokens, total.tokens),
    )


def _part(amount: int | None, total: int | None) -> float | None:
    return None if amount is None or not total else amount / total


def _ambiguous(grouped: Grouped) -> Ambiguous:
    between: Counter[str] = Counter()
    for groups, rows in grouped.between.items():
        between[_in_words(groups)] += rows
    return Ambiguous(grouped.ambiguous.rows, grouped.of_any_group.rows, dict(_most_first(between)[:_LISTED]))


def _in_words(groups: Iterable[str | None]) -> str:
    if AMBIGUOUS in groups:
        return _ANY
    return " or ".join([*sorted(group for group in groups if group is not None), *([_NOT_ASKED] * (None in groups))])


def _most_first(counted: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(counted.items(), key=lambda item: (-item[1], item[0]))


def greatest_depth(rows: DatasetRows, fits: Callable[[BornAlike], bool] = lambda born: True) -> tuple[int, int] | None:
    """The greatest generation depth among rows whose birth ``fits``: that a row certainly has, and that one may have.

    None where no depth is known.
    """
    certain = [cell.depth for cell in rows.cells if cell.depth is not None and fits(cell)]
    possible = list(certain)
    for samples in rows.ambiguous:
        depths = [option.depth if fits(option) else None for option in samples.options]
        known = [depth for depth in depths if depth is not None]
        possible += known
        certain += [min(known)] if len(known) == len(depths) else []
    return (max(certain, default=0), max(possible)) if possible else None


def _birth_classes(rows: DatasetRows) -> tuple[BirthClassRows, ...]:
    def group(born: BornAlike) -> tuple[Any, ...]:
        return tuple(
            IN_WORDS[name].value(born) if name in IN_WORDS else getattr(born, name) for name in BIRTH_CLASS_COLUMNS
        )

    found = [
        BirthClassRows(
            **dict(zip(BIRTH_CLASS_COLUMNS, born, strict=True)),
            rows=amounts.certain.rows,
            at_most_rows=amounts.at_most.rows,
            bytes=amounts.certain.bytes,
        )
        for born, amounts in rows.by(group).groups.items()
    ]
    return tuple(sorted(found, key=lambda each: (-each.rows, -each.at_most_rows, repr(each))))


def real_rooted(rows: DatasetRows, made: Callable[[BornAlike], bool] = lambda born: True) -> tuple[float, float] | None:
    """The part of the rows that are not real, and ``made`` so, that have a real ancestor: at least, and at most.

    None where all rows are real.
    """
    roots = rows.by(lambda born: _root(born) if made(born) else None)
    return between_parts(roots.of("rooted"), roots.of("other"))


def _root(born: BornAlike) -> str | None:
    if "origin" in born.doubts or (born.origin != "real" and "real_rooted" in born.doubts):
        return AMBIGUOUS
    return None if born.origin == "real" else "rooted" if born.real_rooted else "other"
