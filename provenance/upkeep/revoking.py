"""`provenance revoke`: an entry in the git-tracked file of what must not be used any more."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256

from provenance.capture.redaction import redact_text, refuse_secret
from provenance.documents import validated
from provenance.errors import RepositoryError
from provenance.files import REVOCATIONS_FILE
from provenance.ledger.selectors import lasting, select
from provenance.ledger.sidecars import Sidecars
from provenance.revocations import Revocation, Revocations
from provenance.upkeep.tracked_files import change_file, only_writer
from provenance.upkeep.yaml_editing import entries_of, one_line


def revoke(ledger: Sidecars, selectors: Sequence[str], reason: str) -> tuple[Revocation, bool]:
    """Enter that what fits ``selectors`` is not to be used; the entry, and whether it is new.

    A sample that is named by its row, or by a column, is entered by its id, which stays true when rows move.

    Raises:
        UnknownReferenceError: a selector fits nothing that this revision knows.
        RepositoryError: there is no reason, or the file is not valid.
    """
    repository = ledger.repository
    select(ledger, selectors)
    for selector in selectors:
        refuse_secret("the selector", selector)
    named = tuple(lasting(ledger, selectors))
    words = (redact_text(reason) or "").strip()
    described = {
        "id": sha256(json.dumps([named, words]).encode()).hexdigest()[:12],
        "selectors": named,
        "reason": words,
        "by": repository.git_user(),
        "revoked": datetime.now(UTC).replace(microsecond=0),
    }
    entry = validated(Revocation, described, "this cannot be revoked", error=RepositoryError)
    added = one_line(entry.model_dump(mode="json", exclude_none=True))
    with only_writer(repository, REVOCATIONS_FILE):
        known = {each.id: each for each in repository.revocations().revocations}
        if entry.id in known:
            return known[entry.id], False
        change_file(
            repository,
            REVOCATIONS_FILE,
            Revocations,
            lambda content: entries_of(content, "revocations").append(added),
        )
    return entry, True
