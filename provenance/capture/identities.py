"""Which identity a dataset's samples have: what its settings say becomes an `Identity`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provenance.identity import Identity

if TYPE_CHECKING:
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


def tokenizer_of(settings: Settings, path: str) -> str | None:
    """What counted the tokens of the dataset at ``path``, where a column of it holds them."""
    tokens = settings.for_dataset(path).tokens
    return None if tokens is None else tokens.tokenizer
