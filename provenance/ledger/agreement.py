"""Do the datasets of a revision agree on where the rows that they share come from?

The same text in two datasets is no lineage: people and models give the same short answer, and both are right about
their own. Two sidecars can contradict each other only where they speak of the same rows, that is

- where one dataset was made from the other by a stage: what the stage took over has the origin that its
  dependencies state, and is to be made anew where these state another one by now;
- where two datasets, neither of which a stage made, have the same data, byte by byte, and more than one row.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from provenance.errors import SidecarError
from provenance.ledger.collecting import SoundSidecars
from provenance.lineage.words import Origin
from provenance.plurals import counted

if TYPE_CHECKING:
    from provenance.engines.answers import Disagreement
    from provenance.engines.interface import Engine
    from provenance.ledger.datasets import RecordedDataset
    from provenance.ledger.sidecars import Sidecars

_UNKNOWN = (str(Origin.UNKNOWN),)


@dataclass(frozen=True)
class Contradiction:
    """What is wrong with what the sidecar of the dataset at ``path`` states, beside that of another one."""

    path: str
    problem: str


@dataclass
class Agreement:
    """``contradictions``; ``unjudged``: what could not be compared, or is not known here though others know it."""

    contradictions: list[Contradiction] = field(default_factory=list)
    unjudged: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Related:
    """A dataset and those that speak of the same rows: what its ``stage`` reads or, without one, copies of it."""

    dataset: RecordedDataset
    stage: str | None
    others: Sequence[RecordedDataset]


def agreement(ledger: Sidecars, verified: Sequence[RecordedDataset]) -> Agreement:
    """What the ``verified`` datasets, and those of ``ledger`` that speak of the same rows, state of these otherwise."""
    from provenance.engines.samples_view import merged_vocabulary

    found = Agreement()
    related = [each for each in _related(ledger, verified) if each.others]
    compared = {each.path: each for some in related for each in (some.dataset, *some.others)}
    readable = _readable(ledger, compared, {each.path for each in verified}, found)
    sidecars = [compared[path].sidecar for path in readable]
    vocabulary = merged_vocabulary(sidecars)
    if not compared:
        return found
    engine = ledger.engine_over(sidecars, vocabulary)
    for some in related:
        own = [
            number
            for number, each in enumerate(vocabulary.activities.values())
            if some.stage is not None and each.stage is not None and each.stage.name == some.stage
        ]
        _judge(engine, some, own, readable, found)
    return found


def _related(ledger: Sidecars, verified: Sequence[RecordedDataset]) -> Iterator[_Related]:
    stages = {each.path: each.stage for each in ledger.repository.datasets(ledger.rev)}
    inputs: Mapping[str, frozenset[str]] = {}
    if any(stages.values()):
        inputs = ledger.repository.stage_inputs(ledger.rev)
    by_path = {each.path: each for each in ledger.recorded}
    judged: set[str] = set()
    for dataset in verified:
        if stages[dataset.path] is not None:
            read = [by_path[path] for path in sorted(inputs.get(dataset.path, ())) if path in by_path]
            yield _Related(dataset, stages[dataset.path], read)
            continue
        judged.add(dataset.path)
        copies = [
            other
            for other in ledger.recorded
            if other.md5 == dataset.md5 is not None and dataset.rows > 1
            if stages[other.path] is None and other.path not in judged
        ]
        yield _Related(dataset, None, copies)


def _readable(
    ledger: Sidecars, compared: Mapping[str, RecordedDataset], verified: set[str], found: Agreement
) -> dict[str, int]:
    """The places, among those that can be asked, of the datasets that are ``compared``."""
    sound = SoundSidecars(ledger.repository.temporary)
    places: dict[str, int] = {}
    for path, dataset in compared.items():
        try:
            if path not in verified:
                sound.require(dataset)
            places[path] = len(places)
        except SidecarError as error:
            found.unjudged.append(f"{error}; origins are not compared with it")
    return places


def _judge(engine: Engine, some: _Related, own: Sequence[int], places: Mapping[str, int], found: Agreement) -> None:
    at = {places[other.path]: other.path for other in some.others if other.path in places}
    for each in engine.of(places[some.dataset.path]).disagreements([*at], own) if at else ():
        said = f"{_samples(each)} here, but {_listed(each.others)} in {at[each.place]}"
        if some.stage is not None:
            said += f", which its stage reads; make it anew with `dvc repro --force {some.stage}`"
            if each.origins == _UNKNOWN:
                found.unjudged.append(f"{some.dataset.path}: {said}")
                continue
        elif _UNKNOWN in (each.origins, each.others):
            continue
        else:
            said += ", which has the same data; state one origin for both with `provenance declare`"
        found.contradictions.append(Contradiction(some.dataset.path, said))


def _samples(found: Disagreement) -> str:
    more = f" and {counted(found.samples - 1, 'more sample')}" if found.samples > 1 else ""
    return f"sample {found.first[:12]}{more} {'are' if more else 'is'} {_listed(found.origins)}"


def _listed(origins: Sequence[str]) -> str:
    return " and ".join(origins)
