"""The parents of rows as scripts name them, as sample ids; and the datasets that they are from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import chain
from typing import TYPE_CHECKING, cast

import numpy as np
import orjson

from provenance.arguments import require, shown
from provenance.capture.parents import ROW_REFERENCE
from provenance.capture.reading import Row, sample_ids
from provenance.capture.recording.batch_births import of_ids
from provenance.capture.redaction import redact_prose
from provenance.errors import ProvenanceError
from provenance.lineage.explaining import DERIVED_ROLE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from provenance.capture.recording.batch_births import Column
    from provenance.capture.recording.journal import Journal
    from provenance.capture.row_ids import SampleIds
    from provenance.identity import Identity
    from provenance.lineage.births import Dependency
    from provenance.repository import Repository

Parent = Row | str | tuple[Row | str, str]


class Parents:
    """Finds the ids of parents for one recorder. Threads may use it at the same time."""

    def __init__(self, dataset: str, identity: Identity, journal: Journal, repository: Repository) -> None:
        self._dataset = dataset
        self._repository = repository
        self._identity = identity
        self._journal = journal
        self._id_digits = re.compile(f"[0-9a-f]{{{2 * identity.digest_size}}}")
        self._known_datasets = set(journal.datasets)
        self._referenced: dict[str, SampleIds] = {}

    def resolve(self, parents: Iterable[Parent]) -> tuple[list[str], list[str] | None]:
        """The ids of ``parents``, in hex, and their roles; None where nobody stated another than `DERIVED_ROLE`.

        Raises:
            ProvenanceError: not a list of parents, or one of them names no sample.
        """
        if type(parents) is not list and (
            isinstance(parents, (str, bytes, Mapping)) or not isinstance(parents, Iterable)
        ):
            raise ProvenanceError(f"parents: {shown(parents)} is not a list of parents, such as parents=[row]")
        ids: list[str] = []
        roles: list[str] | None = None
        for parent in parents:
            if roles is None and type(parent) is str:
                ids.append(self._id_of(parent))
                continue
            role = DERIVED_ROLE
            if type(parent) is tuple and len(parent) == 2:
                parent, role = parent  # noqa: PLW2901 - from here on, the parent without its role
                require("role", role, str)
                if roles is None and role != DERIVED_ROLE:
                    roles = [DERIVED_ROLE] * len(ids)
            ids.append(self._id_of(parent))
            if roles is not None:
                roles.append(redact_prose(role))
        return ids, roles

    def resolve_many(self, parents: Sequence[Iterable[Parent] | None]) -> tuple[Column, list[list[str] | None] | None]:
        """As `resolve`, of many rows; None where a row has no parents, and for all roles where nobody stated one."""
        if set(map(type, parents)) == {list}:
            ids = self._of_one_dataset([*chain.from_iterable(cast("Sequence[list[Parent]]", parents))])
            if ids is not None:
                return of_ids(ids, map(len, cast("Sequence[list[Parent]]", parents))), None
        resolved = [([], None) if each is None else self.resolve(each) for each in parents]
        roles = [roles for _, roles in resolved]
        column = of_ids("".join(chain.from_iterable(ids for ids, _ in resolved)), (len(ids) for ids, _ in resolved))
        return column, roles if any(roles) else None

    def _of_one_dataset(self, named: Sequence[Parent]) -> str | None:
        """The ids of parents, one after the other, where all are PATH:ROW of one dataset that is known; else None.

        Nothing is refused here, and of what is not plain nothing is taken.
        """
        if not named or not isinstance(named[0], str):
            return None
        path = named[0].rpartition(":")[0]
        known = self._referenced.get(path)
        if known is None:
            return None
        try:
            # No path has this character in it, so it stands only between two names.
            text = "\0" + "\0".join(cast("Sequence[str]", named))
        except TypeError:
            return None
        listed = text.replace(f"\0{path}:", ",")
        digits = listed.replace(",", "")
        if listed.count(",") != len(named) or not digits.isdecimal() or not digits.isascii():
            return None
        try:
            # As JSON has them: neither nothing nor a zero in front is a number.
            rows = np.array(orjson.loads(f"[{listed[1:]}]"))
        except orjson.JSONDecodeError:
            return None
        # Else some are too large.
        return known.hex_of(rows) if rows.dtype == np.int64 and rows.min() > 0 else None

    def _id_of(self, parent: object) -> str:
        if type(parent) is str:
            path, _, row = parent.rpartition(":")
            known = self._referenced.get(path)
            if known is not None and row.isdecimal() and row.isascii() and row[0] != "0":
                return known.hex_at(int(row))
        elif isinstance(parent, Row):
            self._note(parent.dataset)
            return parent.sample_id
        return self._named(parent)

    def _named(self, parent: object) -> str:
        if isinstance(parent, str) and self._id_digits.fullmatch(parent):
            return parent
        if not isinstance(parent, str) or (reference := ROW_REFERENCE.fullmatch(parent)) is None:
            raise ProvenanceError(
                f"parents: {str(parent)[:80]!r} is not a row from provenance.read, a whole sample id "
                f"({2 * self._identity.digest_size} hex digits) or PATH:ROW"
            )
        path, row = reference.groups()
        ids = sample_ids(path, self._repository)
        found = ids.hex_at(int(row))
        self._note(ids.dataset)
        # Only what is noted may be looked up without another look at it.
        self._referenced.setdefault(path, ids)
        return found

    def _note(self, dataset: Dependency) -> None:
        """Have the journal name the dataset: a run that resumes this one may not look at it again."""
        if dataset.path in self._known_datasets:
            return
        if dataset.identity.digest != self._identity.digest:
            raise ProvenanceError(
                f"parents: ids of {dataset.path} are {dataset.identity.digest} digests, those of {self._dataset} are "
                f"{self._identity.digest}; make its sidecar again with the digest that provenance.yaml names"
            )
        self._journal.append({"dataset": str(dataset.data)})
        self._known_datasets.add(dataset.path)
