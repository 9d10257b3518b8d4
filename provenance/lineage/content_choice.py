"""Which columns count, as sidecars state it: read back for the same data, and handed on to what is made from it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from provenance.identity import Identity, Settled
from provenance.identity.file_ids import FileIds
from provenance.lineage.records import IdentitySettings


def identity_by(
    stated: IdentitySettings,
    *,
    tokens_field: str | None = None,
    column_types: Mapping[str, str] | None = None,
    file_ids: FileIds | None = None,
) -> Identity:
    """The identity by which the samples of a dataset have the ids that are in its sidecar."""
    return Identity(
        digest=stated.digest,
        fields=stated.fields if stated.rule == "declared" else None,
        settled=Settled(
            kept=frozenset(stated.kept or ()),
            left=frozenset(stated.left or ()),
            table=stated.rule == "table",
            numbers=frozenset(stated.numbers or ()),
        ),
        tokens_field=tokens_field,
        column_types=dict(column_types or {}),
        file_ids=file_ids,
    )


def settled_by(sidecars: Iterable[IdentitySettings]) -> Settled:
    """What the datasets that something is made from settle for it: what was declared, and what counted in tables.

    What only names and forms decided is decided again, to the same end; so a column of metadata into which a stage
    writes text is not left out unnoticed. A column that one dataset settles out and that counts in another counts.
    """
    kept: set[str] = set()
    left: set[str] = set()
    counting: set[str] = set()
    for stated in sidecars:
        counting.update(stated.fields)
        kept.update(stated.kept or ())
        left.update(stated.left or ())
        if stated.rule != "named":
            kept.update(stated.fields)
        if stated.rule == "declared":
            left.update(stated.beside)
    return Settled(frozenset(kept), frozenset(left - kept - counting))
