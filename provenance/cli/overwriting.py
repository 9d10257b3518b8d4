"""What a command must not write its findings over: datasets, their sidecars, and files that people keep."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from provenance.errors import ProvenanceError

if TYPE_CHECKING:
    from provenance.repository import Repository

_KEPT = (".dvc", "dvc.yaml", "dvc.lock", "provenance.yaml", "provenance.models.yaml", "provenance.revocations.yaml")


def require_harmless(repository: Repository, outputs: Mapping[str, Path | None], inputs: Iterable[Path] = ()) -> None:
    """Refuse to write one of ``outputs``, given by its option, over what is not a finding.

    Raises:
        ProvenanceError: it is one of ``inputs``, what DVC tracks as data, what configures this repository, or another
            of ``outputs``.
    """
    written: dict[str, str] = {}
    for option, file in outputs.items():
        if file is None:
            continue
        target = os.path.realpath(file)
        if target in written:
            raise ProvenanceError(f"{file}: named for {written[target]} and {option}; give each a file of its own")
        written[target] = option
    existing = {target: option for target, option in written.items() if os.path.exists(target)}
    if not existing:
        return
    read, datasets = {os.path.realpath(file) for file in inputs}, _datasets(repository)
    for target, option in existing.items():
        if target in datasets or any(target.startswith(data + os.sep) for data in datasets):
            over = "a dataset or its sidecar"
        elif target in read:
            over = "what is read"
        elif target.endswith(_KEPT):
            over = "what people keep"
        else:
            continue
        raise ProvenanceError(f"{target}: {option} would write over {over}; name another file")


def _datasets(repository: Repository) -> set[str]:
    """All datasets and sidecars but those that the stage makes in which this runs."""
    from provenance.identity.names import sidecar_path

    stage = repository.current_stage()
    made = () if stage is None else stage.outs
    paths = [dataset.path for dataset in repository.datasets() if dataset.path not in made]
    return {os.path.realpath(repository.root / name) for path in paths for name in (path, sidecar_path(path))}
