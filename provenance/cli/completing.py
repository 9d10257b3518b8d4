"""What the shell offers where a dataset, a sample, a selector or a policy stands: nothing, where it cannot be known.

A function is given what is written of the word, and gives all words that may be meant. Where a shell splits words at
colons, as bash does, the word is what stands behind the last one, and so is what is offered.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from provenance.errors import ProvenanceError

if TYPE_CHECKING:
    from provenance.ledger.sidecars import Sidecars

_KINDS = ("sample", "source", "model", "prompt", "activity", "license", "field", "origin", "kind", "dataset")


def datasets(incomplete: str) -> list[str]:
    """Paths, from the current folder, of the datasets that have a sidecar."""
    return _beginning(incomplete, _of_ledger("dataset"))


def selectors(args: list[str], incomplete: str) -> list[str]:
    """Kinds of selectors; behind the colon, what there is of the kind."""
    kind, colon, _ = incomplete.partition(":")
    if colon:
        return _beginning(incomplete, (f"{kind}:{value}" for value in _of_ledger(kind)))
    if len(args) > 1 and args[-1] == ":":
        return _beginning(incomplete, _of_ledger(args[-2]))
    return _beginning(incomplete, (f"{name}:" for name in _KINDS))


def policies(incomplete: str) -> list[str]:
    """Names of packs, and policy files in the current folder."""
    from pathlib import Path

    from provenance.auditing.policy.loading import packs

    return _beginning(incomplete, [*packs(), *(str(path) for path in Path().glob("*.yaml"))])


def _beginning(incomplete: str, words: Iterable[str]) -> list[str]:
    return sorted({word for word in words if word.startswith(incomplete)})


def _of_ledger(kind: str) -> list[str]:
    from provenance.ledger.sidecars import Sidecars
    from provenance.repository import Repository

    try:
        with Sidecars.open(Repository.open()) as ledger:
            return _named(ledger, kind)
    except (ProvenanceError, OSError):
        return []


def _named(ledger: Sidecars, kind: str) -> list[str]:
    from os import path

    from provenance.lineage.words import Kind, Origin

    if kind in ("origin", "kind"):
        return [*Origin] if kind == "origin" else [*Kind]
    if kind in ("dataset", "sample"):
        return [path.relpath(ledger.repository.root / each.path) for each in ledger.recorded]
    described = ledger.graph.descriptions
    found = {
        "source": (each["name"] for each in described.sources),
        "model": (each["label"] for each in described.agents),
        "prompt": (each["plan"] for each in described.activities if each["plan"]),
        "activity": (each["id"] for each in described.activities),
        "license": (license_ for born in ledger.graph.classes if (license_ := ledger.graph.license_of(born))),
    }
    return list(found.get(kind, ()))
