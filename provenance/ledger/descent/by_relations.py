"""An engine's relations as what answers about descent: the same answers as the index's, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from provenance.engines import descent_sql as sql
from provenance.engines.following import Closure, Following
from provenance.errors import SidecarError
from provenance.ledger.descent.interface import CameOf, Named
from provenance.ledger.graph.births import (
    BirthClass,
    ClassNumbers,
    Descriptions,
    credibility,
    is_tombstone,
    license_of,
    renumbered,
)
from provenance.ledger.graph.identifiers import SampleIds
from provenance.ledger.models.links import RegisteredModels
from provenance.ledger.models.passages import Passage
from provenance.ledger.reached import ReachedRows
from provenance.lineage.words import Origin

if TYPE_CHECKING:
    from provenance.engines.relations import Relations
    from provenance.lineage.sidecar import Sidecar
    from provenance.models import ModelRegister, TrainingDataset


class RelationalDescent:
    """A `Descent` over ``sidecars``; the first ``own`` are the ledger's, others those that models were trained on.

    ``digests``: of each sidecar, by which the register names it.
    """

    def __init__(
        self,
        relations: Relations,
        sidecars: Sequence[Sidecar],
        own: int,
        digests: Sequence[str],
        register: ModelRegister | None,
    ) -> None:
        self._following = Following(relations, sidecars, own)
        self.own = own
        described = [Descriptions.of_header(sidecar.header) for sidecar in sidecars]
        self.descriptions = Descriptions.merged(described)
        self.models = RegisteredModels(self.descriptions, digests, register)
        self.classes = self._numbered(sidecars, described)

    def _numbered(self, sidecars: Sequence[Sidecar], described: Sequence[Descriptions]) -> list[BirthClass]:
        found = sorted(self._following.classes(), key=repr)
        numbers, of_found = ClassNumbers(), []
        for place, *values in found:
            own = BirthClass(*values)
            _require_described(sidecars[place], own, described[place])
            of_found += numbers.of(renumbered([own], described[place], self.descriptions)).tolist()
        classes = list(numbers.classes)
        said = pa.table(
            {
                "unexplained": [int(each.unexplained) for each in classes],
                "stone": [int(is_tombstone(each, self.descriptions)) for each in classes],
            },
            schema=pa.schema([("unexplained", pa.int64()), ("stone", pa.int64())]),
        )
        self._following.number(found, of_found, said)
        return classes

    def license_of(self, born: BirthClass) -> str | None:
        return license_of(born, self.descriptions)

    def beginning_with(self, prefix: str, most: int) -> list[str]:
        least = bytes.fromhex(prefix + "0" * (len(prefix) % 2))
        last = int(prefix.ljust(len(least) * 2, "f"), 16) + 1
        beyond = b"" if last >> 8 * len(least) else last.to_bytes(len(least), "big")
        return [sample_id.hex() for sample_id in self._following.between(least, beyond, most)]

    def rows_of(self, sample_id: str) -> Mapping[int, int]:
        counted = self._following.rows_of(bytes.fromhex(sample_id))
        return {place: counted[place] for place in sorted(counted) if place < self.own}

    def came_of(self, named: Sequence[Named]) -> CameOf:
        return _Question(self._following, self, named).answer()

    @cached_property
    def of_no_birth(self) -> list[bool]:
        """By class, whether it is that of tombstones."""
        return [is_tombstone(each, self.descriptions) for each in self.classes]


class _Question:
    """What came of all that is ``named``; see `ledger.reached` and `ledger.models.passages` for the rules."""

    def __init__(self, following: Following, descent: RelationalDescent, named: Sequence[Named]) -> None:
        self._following = following
        self._descent = descent
        self._models = descent.models
        self._fits = [any(each.fits is not None and each.fits(born) for each in named) for born in descent.classes]
        self._each_birth = any(each.every for each in named)
        self._whole = [self._samples_of(each) for each in named if each.fits is None]
        self._births = [self._births_of(each) for each in named if each.fits is not None]

    def answer(self) -> CameOf:
        following = self._following
        selected = following.samples([*self._whole, *self._births])
        self._selected = sql.union_of([selected.relation])
        direct = following.reached(self._selected)
        self._judge(self._fits, self._fits, ())
        certain = following.certainly_reached()
        rows = self._rows(direct, certain)
        every, passages = self._through_models(direct)
        in_all = self._rows(every, self._certainly_through_models(passages, certain)) if passages else rows
        reached = {
            place: ReachedRows(most, in_all[place][1] - most, least, in_all[place][0] - least)
            for place, (least, most) in rows.items()
        }
        return CameOf(
            selected.samples,
            _Ids(following, direct),
            _Ids(following, every, without=direct),
            passages,
            reached,
            _Affected(following),
        )

    def _samples_of(self, named: Named) -> str:
        if named.dataset is not None:
            return sql.of_dataset(named.dataset)
        return self._following.given([bytes.fromhex(each) for each in named.sample_ids])

    def _births_of(self, named: Named) -> str:
        assert named.fits is not None, "asked of births alone"
        classes = [number for number, born in enumerate(self._descent.classes) if named.fits(born)]
        return sql.with_a_birth(classes, every=named.every) if classes else sql.NOTHING

    def _judge(self, fits: Sequence[bool], certainly: Sequence[bool], passed: Sequence[str]) -> None:
        """Take up what may fit and what certainly does, with the content of the models that were ``passed``."""
        classes = self._descent.classes
        columns = {
            "class": range(len(classes)),
            "rank": credibility(classes).tolist(),
            "stone": self._descent.of_no_birth,
            "known": [each.origin != Origin.UNKNOWN for each in classes],
            "real": [each.origin == Origin.REAL for each in classes],
            "fits": fits,
            "certainly": certainly,
        }
        table = pa.table({name: pa.array(map(int, values), pa.int64()) for name, values in columns.items()})
        self._following.judge(table, self._whole, [self._selected, *map(self._generated_by, passed)])

    def _rows(self, may: Closure, certain: Closure) -> dict[int, tuple[int, int]]:
        found = self._following.affected(may, certain, each_birth=self._each_birth)
        counted = {place: (least, most) for place, least, most in found}
        return {place: counted.get(place, (0, 0)) for place in range(self._descent.own)}

    def _through_models(self, direct: Closure) -> tuple[Closure, tuple[Passage, ...]]:
        """All that is reached, and the models that it is reached through."""
        reached, waiting = direct, list(self._models.trained)
        while passed := [label for label in waiting if self._trained_on(label, reached)]:
            waiting = [label for label in waiting if label not in passed]
            generated = " UNION ".join(self._generated_by(label) for label in passed)
            reached = self._following.both(reached, self._following.reached(generated))
        passages = tuple(self._passage(label, reached) for label in self._models.trained if label not in waiting)
        return reached, passages

    def _trained_on(self, label: str, reached: Closure) -> tuple[TrainingDataset, ...]:
        datasets = self._models.training_of(label)
        holding = self._following.holding(self._places(datasets), reached)
        return tuple(each for each in datasets if self._models.place_of(each) in holding)

    def _places(self, datasets: Sequence[TrainingDataset]) -> list[int]:
        return [place for each in datasets if (place := self._models.place_of(each)) is not None]

    def _generated_by(self, label: str) -> str:
        content = self._content_of([label])
        classes = [number for number, has in enumerate(content) if has]
        return sql.with_a_birth(classes, every=False) if classes else sql.NOTHING

    def _content_of(self, labels: Sequence[str]) -> list[bool]:
        agents = {agent for label in labels for agent in self._models.agents_of(label)}
        return [each.agent in agents for each in self._descent.classes]

    def _passage(self, label: str, reached: Closure) -> Passage:
        datasets = self._trained_on(label, reached)
        held = self._following.held(self._places(datasets), reached)
        return Passage(label, datasets, held, self._following.samples([self._generated_by(label)]).samples)

    def _certainly_through_models(self, passages: Sequence[Passage], certain: Closure) -> Closure:
        """What is certainly reached, where a model is if some of what it was trained on certainly is."""
        waiting, passed = [each.model for each in passages], list[str]()
        fits = self._with(self._fits, [each.model for each in passages])
        while True:
            now = [label for label in waiting if self._trained_on(label, certain)]
            self._judge(fits, self._with(self._fits, passed + now), passed + now)
            if not now:
                return certain
            waiting, passed = [label for label in waiting if label not in now], passed + now
            certain = self._following.certainly_reached()

    def _with(self, fits: Sequence[bool], labels: Sequence[str]) -> list[bool]:
        return [one or other for one, other in zip(fits, self._content_of(labels), strict=True)]


@dataclass(frozen=True)
class _Ids:
    """The `Samples` of a closure."""

    following: Following
    closure: Closure
    without: Closure | None = None

    def __len__(self) -> int:
        return self.closure.samples - (self.without.samples if self.without else 0)

    def __iter__(self) -> Iterator[str]:
        return (sample_id.hex() for sample_id in self.following.ids(self.closure, self.without))

    def to_arrow(self) -> pa.Table:
        return pa.table({"sample_id": pa.array(self, pa.string())})


@dataclass(frozen=True)
class _Affected:
    """The `AffectedSamples` of what was counted last."""

    following: Following

    def may_be(self, dataset: int) -> SampleIds:
        return self._ids(dataset, certainly=False)

    def certainly(self, dataset: int) -> SampleIds:
        return self._ids(dataset, certainly=True)

    def _ids(self, dataset: int, *, certainly: bool) -> SampleIds:
        found = sorted(self.following.affected_samples(dataset, certainly=certainly))
        # Without any id, their length does not matter.
        width = len(found[0]) if found else 1
        return SampleIds.of_bytes(np.frombuffer(b"".join(found), np.uint8).reshape(len(found), width))


def _require_described(sidecar: Sidecar, born: BirthClass, described: Descriptions) -> None:
    for number, known in (
        (born.activity, described.activities),
        (born.agent, described.agents),
        (born.source, described.sources),
    ):
        if number is not None and number >= len(known):
            raise SidecarError(
                f"{sidecar.path}: a record names what its header does not describe; restore it with `dvc checkout`, "
                "or make it again"
            )
