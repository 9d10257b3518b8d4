"""What every way to a sidecar shares: the header, and the check that nothing of the data is lost. Imports little."""

from __future__ import annotations

from collections.abc import Callable, Set
from pathlib import Path

from provenance.errors import DataError
from provenance.identity import CANONICAL_FORM, Identity, Scan
from provenance.identity.reserved import BIRTH_COLUMNS, PARENT_ROLES, PARENTS
from provenance.lineage.records import Activity, DatasetState, Header, IdentitySettings
from provenance.lineage.schema import FORMAT_VERSION
from provenance.lineage.vocabulary import Vocabulary

Progress = Callable[[int], None]
Fingerprint = Callable[[Path], tuple[str | None, int]]


def require_read(data: Path, columns: Set[str], derivation: Activity | None) -> None:
    """Columns that are not read here are not stripped either: they would be lost."""
    if unread := columns - (set() if derivation is None else {PARENTS, PARENT_ROLES, *BIRTH_COLUMNS}):
        raise DataError(data, None, f"the column {min(unread)!r} is reserved; rename it or leave it out")


def header_of(
    rows: Scan,
    identity: Identity,
    dataset: DatasetState,
    tokenizer: str | None,
    vocabulary: Vocabulary,
    *,
    by_marks: bool = False,
) -> Header:
    """The header of the sidecar of a dataset that was scanned; ``vocabulary``: all that its records refer to.

    ``by_marks``: carried rows were told apart by their marks.
    """
    return Header(
        version=FORMAT_VERSION,
        dataset=dataset,
        identity=IdentitySettings(
            digest=identity.digest,
            canonical_form=CANONICAL_FORM,
            rule=rows.rule,
            fields=rows.fields,
            beside=rows.beside,
            text_beside=rows.text_beside or None,
            kept=rows.kept or None,
            left=rows.left or None,
            numbers=rows.numbers or None,
            tokenizer=tokenizer,
        ),
        activities=tuple(vocabulary.activities.values()),
        agents=tuple(vocabulary.agents.values()),
        plans=tuple(vocabulary.plans.values()),
        sources=tuple(vocabulary.sources.values()),
        divided_by="marks" if by_marks else None,
    )
