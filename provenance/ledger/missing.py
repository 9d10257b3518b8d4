"""Why something that was named is not in the ledger, and what there is to choose from."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from provenance.errors import SidecarError, UnknownReferenceError
from provenance.ledger.collecting import NOT_RUN

if TYPE_CHECKING:
    from provenance.ledger.sidecars import Sidecars


def why_not_recorded(ledger: Sidecars, path: str) -> SidecarError | UnknownReferenceError:
    """Why the ledger has no dataset at ``path``, from the DVC root, and what to do."""
    told = ledger.unusable.get(path) or ledger.unfetched.get(path)
    if told is not None:
        return SidecarError(told)
    if path in ledger.unmade:
        reason = ledger.unmade[path]
        command = "dvc repro" if reason == NOT_RUN else f"dvc pull {shlex.quote(path)}"
        return SidecarError(f"{path}: {reason}; run `{command}`")
    if path in ledger.unrecorded:
        return SidecarError(
            f"{path}: no sidecar here; record lineage with `provenance add` (collected data), "
            "`provenance stage add` (a stage's output) or `provenance declare` (afterwards; if nothing is known: "
            "`--from columns --set origin=unknown`)"
        )
    known = sorted([*(dataset.path for dataset in ledger.recorded), *ledger.unrecorded])
    hint = _how_to_track(ledger.repository.root, path)
    return UnknownReferenceError(f"{path}: not a dataset that DVC tracks{hint}; datasets are: {name_some(known)}")


def _how_to_track(root: Path, path: str) -> str:
    from provenance.identity.names import sidecar_path

    if (root / sidecar_path(path)).exists():
        return f"; track it and its sidecar: `dvc add {shlex.quote(path)} {shlex.quote(sidecar_path(path))}`"
    if (root / path).is_file():
        return f"; if it was collected, `provenance add {shlex.quote(path)}` records where from"
    return ""


def name_some(names: Sequence[str], limit: int = 10) -> str:
    """The first few of ``names`` for a message; what else there is to choose from."""
    return ", ".join(names[:limit]) + (", …" if len(names) > limit else "") or "none"
