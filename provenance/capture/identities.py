"""Which identity a dataset's samples have: what its settings say becomes an `Identity`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from provenance.errors import SidecarError
from provenance.identity import Identity
from provenance.identity.names import sidecar_path
from provenance.lineage.births import ParentKey
from provenance.lineage.content_choice import identity_by, settled_by
from provenance.lineage.sidecar import open_sidecar

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from provenance.lineage.records import IdentitySettings
    from provenance.repository import Repository
    from provenance.settings import Settings


def identity_of(settings: Settings, path: str, repository: Repository | None = None) -> Identity:
    """The identity of the dataset at ``path`` (from the DVC root, with forward slashes) as ``settings`` have it.

    With the ``repository``, files of a directory that are samples as a whole are not read again while unchanged.
    """
    dataset = settings.for_dataset(path)
    return Identity(
        digest=settings.digest,
        fields=dataset.fields,
        tokens_field=None if dataset.tokens is None else dataset.tokens.field,
        column_types=dict(dataset.types),
        file_ids=None if repository is None else repository.file_ids(path),
    )


def as_recorded(stated: IdentitySettings, settings: Settings, path: str, repository: Repository) -> Identity:
    """The identity that the sidecar of the dataset at ``path`` states."""
    now = identity_of(settings, path, repository)
    return identity_by(stated, tokens_field=now.tokens_field, column_types=now.column_types, file_ids=now.file_ids)


def inheriting(identity: Identity, sidecars: Iterable[Path | None]) -> Identity:
    """``identity``, with what these sidecars settle: of the datasets that rows come from, or the dataset's last one."""
    stated = (open_sidecar(sidecar).header.identity for sidecar in sidecars if sidecar is not None)
    return replace(identity, settled=settled_by(stated))


def keeping_choice(identity: Identity, sidecar: Path) -> Identity:
    """``identity``, with what the dataset's last ``sidecar`` settles, if there is one that can be read."""
    try:
        return inheriting(identity, [sidecar])
    except SidecarError:
        return identity


def parent_key_of(settings: Settings, path: str) -> ParentKey | None:
    """By which column rows of the dataset at ``path`` find their parents, where the settings say so."""
    dataset = settings.for_dataset(path)
    if dataset.parents is not None:
        keyed = dataset.parents
        return ParentKey(keyed.column, keyed.key or keyed.column, keyed.of)
    return None if dataset.key is None else ParentKey(dataset.key, dataset.key)


def parts_of(settings: Settings, path: str, repository: Repository) -> int:
    """Into how many files the sidecar of the dataset at ``path`` is divided; 1: it is a file, not a folder.

    Where the settings do not say, it stays as it is in the workspace.
    """
    if (stated := settings.for_dataset(path).parts) is not None:
        return stated
    try:
        return open_sidecar(repository.root / sidecar_path(path)).parts
    except SidecarError:
        return 1


def tokenizer_of(settings: Settings, path: str) -> str | None:
    """What counted the tokens of the dataset at ``path``, where a column of it holds them."""
    tokens = settings.for_dataset(path).tokens
    return None if tokens is None else tokens.tokenizer
