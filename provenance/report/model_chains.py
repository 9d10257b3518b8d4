"""Registered models as links in a chain, as text, as JSON and as what is added to a picture of a walk."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from provenance.report.plain_text import counted, safe

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from provenance.ledger.models.chain import ModelBehind, TrainedOn
    from provenance.ledger.models.passages import Passage
    from provenance.ledger.walks import Walk

# A person reads no more; JSON has all.
_MOST_GENERATORS = 5


def as_json(walk: Walk) -> dict[str, Any]:
    """What the register of models adds to a walk: members of its JSON."""
    from provenance.ledger.walks import Direction

    if walk.direction is Direction.DESCENDANTS:
        return {"through_models": passages_as_json(walk.models.through_models, walk.models.passages)}
    return {"models": [_behind_as_json(model) for model in walk.models.behind]}


def passages_as_json(descendants: int, passages: Iterable[Passage]) -> dict[str, Any]:
    """What came of a selection only through models, as `impact` and `trace --down` write it."""
    return {
        "descendants": descendants,
        "models": [
            asdict(passage) | {"trained_on": [dataset.model_dump(mode="json") for dataset in passage.trained_on]}
            for passage in passages
        ],
    }


def lines(walk: Walk) -> Iterator[str]:
    """What the register adds to a walk, for people; safe to print."""
    if walk.models.behind:
        yield "through models:"
        yield from (f"  {safe(_in_words(model))}" for model in walk.models.behind)
    yield from passage_lines(walk.models.through_models, walk.models.passages)


def passage_lines(descendants: int, passages: tuple[Passage, ...]) -> Iterator[str]:
    """What came of a selection only through models, with a line for each; safe to print."""
    if not passages:
        return
    yield f"through models: {counted(descendants, 'more sample')}"
    for passage in passages:
        datasets = ", ".join(dataset.label for dataset in passage.trained_on)
        said = f"trained on {passage.training_samples:,} of these samples in {datasets}"
        yield f"  {safe(f'{passage.model}: {said}')}; generated {passage.generated:,}"


def _behind_as_json(model: ModelBehind) -> dict[str, Any]:
    return {
        "model": model.model,
        "base": model.base,
        "trained_on": [
            each.dataset.model_dump(mode="json") | {"samples": each.samples, "generators": list(each.generators)}
            for each in model.trained_on
        ],
        "trained_on_external": list(model.trained_on_external),
    }


def _in_words(model: ModelBehind) -> str:
    parts = [f"trained on {_dataset_in_words(each)}" for each in model.trained_on]
    parts += [f"trained on {name}, which is held elsewhere" for name in model.trained_on_external]
    if model.base:
        parts.append(f"made from {model.base}")
    return f"{model.model}: {'; '.join(parts) or 'what it was trained on is not stated'}"


def _dataset_in_words(trained_on: TrainedOn) -> str:
    if trained_on.samples is None:
        return f"{trained_on.dataset.label} (its sidecar is not available)"
    named = trained_on.generators[:_MOST_GENERATORS]
    more = len(trained_on.generators) - len(named)
    by = f", in part by {', '.join(named)}" if named else ""
    by += f" and {counted(more, 'more model')}" if more else ""
    return f"{trained_on.dataset.label} ({counted(trained_on.samples, 'sample')}{by})"


@dataclass
class Picture:
    """What is added to a picture of a walk, with arrows that lead from what was there first.

    ``nodes``: by key, the lines of each label; a key begins with ``model`` or ``dataset``. ``arrows``: from and to, a
    key or a sample's id, and what is said of it.
    """

    nodes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    arrows: dict[tuple[str, str, str], None] = field(default_factory=dict)

    def add(self, kind: str, name: str, *more: str) -> str:
        """Add a node, once; its key."""
        self.nodes.setdefault(f"{kind} {name}", (name, *more))
        return f"{kind} {name}"

    def point(self, start: str, end: str, said: str = "") -> None:
        """Add an arrow, once."""
        self.arrows[start, end, said] = None


def picture(walk: Walk) -> Picture:
    """The registered models of ``walk``, and what they were trained on."""
    found = Picture()
    wrote: dict[str, str] = {}
    for model in walk.models.behind:
        key = found.add("model", model.model)
        wrote |= dict.fromkeys(model.agents, key)
    for model in walk.models.behind:
        _add_behind(found, model)
    for node in walk.nodes:
        if node.model in wrote:
            found.point(wrote[node.model], node.sample_id)
    for passage in walk.models.passages:
        key = found.add("model", passage.model, f"generated {counted(passage.generated, 'sample')}")
        for dataset in passage.trained_on:
            held = found.add("dataset", dataset.label)
            found.point(walk.start, held, "is in it, or what came of it")
            found.point(held, key, "trained on")
    return found


def _add_behind(found: Picture, model: ModelBehind) -> None:
    key = f"model {model.model}"
    if model.base:
        found.point(f"model {model.base}", key, "made from")
    for external in model.trained_on_external:
        found.point(found.add("dataset", external, "held elsewhere"), key, "trained on")
    for each in model.trained_on:
        said = "sidecar not available" if each.samples is None else counted(each.samples, "sample")
        dataset = found.add("dataset", each.dataset.label, said)
        found.point(dataset, key, "trained on")
        for generator in each.generators:
            found.point(found.add("model", generator), dataset)
