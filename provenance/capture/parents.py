"""Parents as people and columns name them, as sample ids: ids, rows of datasets, values of a key column."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from provenance.capture.column_values import column_value
from provenance.capture.lookup import Lookup
from provenance.capture.reading import dependency_at
from provenance.capture.row_ids import SampleIds
from provenance.errors import ProvenanceError
from provenance.identity import read_rows, scan
from provenance.identity.as_text import value_as_text
from provenance.identity.canonical import encode_row
from provenance.identity.digests import digest_function, digest_size
from provenance.identity.names import is_dataset

if TYPE_CHECKING:
    from provenance.lineage.births import Dependency
    from provenance.repository import Repository

ROW_REFERENCE = re.compile(r"(?P<path>.+):(?P<row>[1-9][0-9]*)", re.DOTALL)
# Under this name a key that no row has is given an id, which no row's content can have by accident.
_UNMATCHED = "provenance:unmatched"
_MOST_DATASETS = 1000


class ParentFinder:
    """Finds the ids of parents for one dataset.

    ``datasets``: where parents are. ``key_column``: the column of theirs by which they are joined. ``unmatched`` counts
    the keys that no row of theirs has, once for each time they are named.
    """

    def __init__(
        self,
        repository: Repository,
        digest: str,
        datasets: Sequence[Dependency],
        key_column: str | None,
        workspace: Path,
    ) -> None:
        self.unmatched = 0
        self._repository = repository
        self._digest = digest
        self._hash = digest_function(digest)
        self._id_digits = re.compile(f"[0-9a-fA-F]{{{2 * digest_size(digest)}}}")
        self._datasets = {dataset.path: self._checked(dataset) for dataset in datasets}
        self._rows: dict[str, SampleIds] = {}
        self._keys: Lookup | None = None
        if key_column is not None:
            self._keys = Lookup(workspace / "keys.sqlite")
            for dataset in datasets:
                self._enter_keys(dataset, key_column)

    def find(self, references: Any, keys: Any) -> list[str]:
        """The ids (hex) of the parents that ``references`` and ``keys`` name, each a value or several; each id once.

        Raises:
            ValueError: a reference is malformed, names no row, or a key fits several samples.
        """
        found = [self._referenced(reference) for reference in several(references)]
        if self._keys is not None:
            found += [self._keyed(key) for key in several(keys)]
        return list(dict.fromkeys(found))

    def dependencies(self) -> list[Dependency]:
        """The datasets that parents were looked for in."""
        return list(self._datasets.values())

    def close(self) -> None:
        """Let go of temporary files."""
        if self._keys is not None:
            self._keys.close()

    def _referenced(self, reference: Any) -> str:
        if isinstance(reference, str):
            if self._id_digits.fullmatch(reference):
                return reference.lower()
            if match := ROW_REFERENCE.fullmatch(reference):
                return self._ids(match["path"]).at(int(match["row"])).hex()
        raise ValueError(f"parents: {str(reference)[:80]!r} is neither a whole sample id nor PATH:ROW")

    def _ids(self, path: str) -> SampleIds:
        if path not in self._rows:
            # The name comes from data: `relative` refuses what leads out of this repository.
            dataset = self._repository.relative(path)
            file = self._repository.root / dataset
            if not (is_dataset(dataset) and file.is_file()):
                raise ValueError(f"parents: {path[:80]!r} is not a dataset here")
            if len(self._rows) >= _MOST_DATASETS:
                raise ValueError(f"parents: more than {_MOST_DATASETS} datasets are named; give sample ids instead")
            known = self._datasets.get(dataset) or self._checked(dependency_at(file, self._repository))
            self._datasets[dataset] = known
            self._rows[path] = SampleIds(file, known, self._repository.temporary)
        return self._rows[path]

    def _checked(self, dataset: Dependency) -> Dependency:
        if dataset.identity.digest != self._digest:
            raise ProvenanceError(
                f"{dataset.path}: its ids are {dataset.identity.digest} digests, those wanted are {self._digest}; "
                "make its sidecar again with the digest that provenance.yaml names"
            )
        return dataset

    def _enter_keys(self, dataset: Dependency, column: str) -> None:
        assert self._keys is not None and dataset.data is not None
        present = False
        rows = read_rows(dataset.data, dataset.identity)
        for (_, row), sample_id in zip(rows, _sample_ids(dataset), strict=True):
            value = column_value(row, column)
            present = present or column in row or value is not None
            key = value_as_text(value)
            if key is not None:
                self._keys.add(key.encode(errors="surrogatepass"), sample_id)
        if not present:
            raise ProvenanceError(f"{dataset.path}: no column {column!r}; --parent-key names a column of this dataset")

    def _keyed(self, value: Any) -> str:
        assert self._keys is not None
        key = value_as_text(value)
        if key is None:
            raise ValueError(f"parent_key {str(value)[:80]!r} is neither text nor a number, so it is no key")
        try:
            found = self._keys.get(key.encode(errors="surrogatepass"))
        except ValueError as error:
            raise ValueError(f"parent_key {key[:80]!r} {error}") from None
        if found is None:
            self.unmatched += 1
            found = self._hash(encode_row({_UNMATCHED: key}, (_UNMATCHED,)))
        return found.hex()


def _sample_ids(dataset: Dependency) -> Iterator[bytes]:
    assert dataset.data is not None
    for batch in scan(dataset.data, dataset.identity):
        yield from batch.sample_ids.to_pylist()


def several(value: Any) -> list[Any]:
    """One value, a list of them or, as text, a JSON list: as a list."""
    if isinstance(value, str) and value.startswith("["):
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError as error:
            raise ValueError(f"{value[:80]!r} starts like a JSON list but is not one: {error}") from error
    if value is None:
        return []
    return [item for item in value if item is not None] if isinstance(value, list) else [value]
