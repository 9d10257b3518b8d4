"""Who came from whom, followed step by step over kept relations: for more samples than one machine's memory holds.

Every step is a statement over all samples, which costs about a second of Spark whatever the size. What an index in
memory answers in an instant is therefore better asked of that, where it fits.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from provenance.engines import descent_sql as sql

if TYPE_CHECKING:
    import pyarrow as pa

    from provenance.engines.relations import Relations
    from provenance.lineage.sidecar import Sidecar

# What a closure is the union of: more relations than this are put together, as a plan grows with each.
_MOST_PARTS = 16
_TEXTS = ("origin", "kind", "license", "evidence")

Way = Literal["descendants", "ancestors"]
_WAYS: dict[Way, tuple[str, str]] = {"descendants": ("parent", "sample_id"), "ancestors": ("sample_id", "parent")}


@dataclass(frozen=True)
class Closure:
    """Samples that were followed: the ``relation`` that has them, and how many there are."""

    relation: str
    samples: int


class Following:
    """Samples and their parents in ``sidecars``, of which the first ``own`` are of the revision that is asked about."""

    def __init__(self, relations: Relations, sidecars: Sequence[Sidecar], own: int) -> None:
        self._relations = relations
        self._own = own
        self._has_additional = own < len(sidecars)
        self._made = 0
        self._knows_mixed = False
        if sidecars:
            relations.records("records", sidecars, sql.COLUMNS)
        else:
            relations.given("records", _no_records())

    def classes(self) -> list[tuple[Any, ...]]:
        """Every class of births: the sidecar's place, and the values of `descent_sql.OF_CLASS`, by its own numbers."""
        return self._relations.rows(sql.CLASSES)

    def number(self, classes: Sequence[tuple[Any, ...]], numbers: Sequence[int], said: pa.Table) -> None:
        """Take up a number for each of ``classes``; ``said``: by number, ``unexplained`` and ``stone`` (0 or 1)."""
        import pyarrow as pa

        columns = ("sidecar", *sql.OF_CLASS)
        values = dict(zip(columns, zip(*classes, strict=True), strict=True)) if classes else dict.fromkeys(columns, ())
        kinds = {**dict.fromkeys(_TEXTS, pa.string()), "real_rooted": pa.bool_()}
        table = pa.table({name: pa.array(values[name], kinds.get(name, pa.int64())) for name in columns})
        table = table.append_column("class", pa.array(numbers, pa.int64()))
        for name in ("unexplained", "stone"):
            table = table.append_column(name, said[name].take(pa.array(numbers, pa.int64())))
        relations = self._relations
        relations.given("numbers", table)
        relations.keep("born", sql.BORN)
        records = relations.exploded(sql.STATED_RECORDS, {"parents": "parent", "parent_roles": "role"})
        relations.keep("stated", sql.STATED.format(exploded=records))
        if self._has_additional:
            relations.keep("known", sql.KNOWN.format(own=self._own))
        for name, relation in (("heard", "born"), ("links", "stated")):
            heard = sql.HEARD.format(relation=relation, own=self._own) if self._has_additional else None
            relations.named(name, heard or f"SELECT * FROM {relation}")
        relations.named("members", sql.MEMBERS)

    def samples(self, selections: Sequence[str]) -> Closure:
        """The samples that any of the statements ``selections`` gives."""
        every = " UNION ".join(selections) or sql.NOTHING
        name = self._new("chosen")
        return Closure(name, self._relations.keep(name, every))

    def given(self, sample_ids: Sequence[bytes]) -> str:
        """A statement that gives these samples, as far as any sidecar knows them."""
        import pyarrow as pa

        name = self._new("given")
        self._relations.given(name, pa.table({"sample_id": pa.array(sample_ids, pa.binary())}))
        return sql.GIVEN.format(name=name)

    def reached(self, start: str, way: Way = "descendants") -> Closure:
        """The samples that the statement ``start`` gives, and all that ``way`` leads to."""
        return self._followed(start, sql.ONWARD, way)

    def certainly_reached(self) -> Closure:
        """The samples of which every known birth is reached; after `judge`."""
        self._know_mixed()
        return self._followed(sql.CERTAIN_START, sql.CERTAINLY_ONWARD, "descendants")

    def both(self, one: Closure, other: Closure) -> Closure:
        """The samples that are in either."""
        return self.samples([sql.union_of([each.relation]) for each in (one, other)])

    def judge(self, judged: pa.Table, whole: Sequence[str], starting: Sequence[str]) -> None:
        """Take up what a question selects: by ``class``, what is asked of it; ``whole``: samples as such, by
        statements; ``starting``: statements that give these, and what of ``judged`` certainly fits."""
        self._relations.given("judged", judged)
        self._relations.named("whole", " UNION ".join(whole) or sql.NOTHING)
        self._relations.named("starting", " UNION ".join(starting))

    def affected(self, may: Closure, certain: Closure, *, each_birth: bool) -> list[tuple[int, int, int]]:
        """For each dataset with any, how many rows are reached, at least and at most; after `judge`.

        ``each_birth``: births may fit of which the sample is not in ``may``.
        """
        relations = self._relations
        concerned = sql.ALSO_FITTING if each_birth else sql.CONCERNED
        relations.named("concerned", concerned.format(may=may.relation))
        relations.keep("touched", sql.touched(self._own, may.relation, certain.relation))
        relations.keep("affected", sql.AFFECTED)
        return [tuple(row) for row in relations.rows(sql.BY_DATASET)]

    def affected_samples(self, place: int, *, certainly: bool) -> Iterator[bytes]:
        """Those samples of the dataset that have rows that `affected` counted last, in order; ``certainly``: each."""
        return self._relations.ids(sql.affected_samples(place, certainly=certainly))

    def holding(self, places: Sequence[int], samples: Closure) -> set[int]:
        """Those of the datasets at ``places`` that have rows of one of ``samples``."""
        return {place for (place,) in self._relations.rows(sql.holding(places, samples.relation))} if places else set()

    def held(self, places: Sequence[int], samples: Closure) -> int:
        """How many of ``samples`` have rows in any of the datasets at ``places``."""
        return int(self._relations.rows(sql.held(places, samples.relation))[0][0]) if places else 0

    def ids(self, samples: Closure, without: Closure | None = None) -> Iterator[bytes]:
        """The samples in order, but for those in ``without``."""
        return self._relations.ids(sql.in_order(samples.relation, None if without is None else without.relation))

    def between(self, least: bytes, beyond: bytes, most: int) -> list[bytes]:
        """The first ``most`` of the samples from ``least`` on and before ``beyond`` (no bytes: to the end)."""
        import pyarrow as pa

        self._relations.given("bounds", pa.table({"least": [least], "beyond": [beyond], "nothing": [b""]}))
        return [sample_id for (sample_id,) in self._relations.rows(sql.between(most))]

    def rows_of(self, sample_id: bytes) -> dict[int, int]:
        """How many rows of each dataset the sample has, by place."""
        import pyarrow as pa

        self._relations.given("one", pa.table({"sample_id": pa.array([sample_id], pa.binary())}))
        return dict(self._relations.rows(sql.ROWS_OF))

    def _followed(self, start: str, onward: str, way: Way) -> Closure:
        here, there = _WAYS[way]
        seen = self._new("seen")
        parts = [f"{seen}_0"]
        total = found = self._relations.keep(parts[0], f"SELECT DISTINCT sample_id FROM ({start}) s")
        while True:
            self._relations.named(seen, sql.union_of(parts))
            if not found:
                return Closure(seen, total)
            step = onward.format(frontier=parts[-1], seen=seen, here=here, there=there)
            frontier = self._new(f"{seen}_step")
            found = self._relations.keep(frontier, step)
            total += found
            if len(parts) == _MOST_PARTS:
                together = self._new(f"{seen}_until")
                self._relations.keep(together, sql.union_of(parts))
                parts = [together]
            parts.append(frontier)

    def _know_mixed(self) -> None:
        if not self._knows_mixed:
            self._relations.keep("several", sql.SEVERAL)
            self._relations.keep("named", sql.NAMED)
            self._relations.keep("mixed", sql.MIXED)
            self._knows_mixed = True

    def _new(self, name: str) -> str:
        self._made += 1
        return f"{name}_{self._made}"


def _no_records() -> pa.Table:
    import pyarrow as pa

    from provenance.lineage.schema import sidecar_schema

    schema = pa.schema([field for field in sidecar_schema(1) if field.name in sql.COLUMNS])
    numbers = pa.schema([pa.field("sidecar", pa.int64()), pa.field("place", pa.int64())])
    wide = [pa.field(each.name, pa.int64()) if pa.types.is_integer(each.type) else each for each in schema]
    return pa.schema([*wide, *numbers]).empty_table()
