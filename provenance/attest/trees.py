"""The trees over a dataset's sample ids: one over those of its rows, and one over those of rows and all ancestors.

The leaves are the distinct ids as bytes, in their order, which is that of the sidecar: so they stream past, and a
tree's outline is all that is kept of them. It is remembered by the sidecar's content; a proof then reads the few
records of one block.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from provenance.attest.merkle import BLOCK_LEAVES, Outline, outline
from provenance.cached import read_cached, write_cached
from provenance.errors import ProvenanceError, SidecarError
from provenance.files import Cleaned
from provenance.identity.digests import withstands

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from provenance.ledger.datasets import RecordedDataset
    from provenance.lineage.sidecar import Sidecar

TreeName = Literal["rows", "closure"]
TREES: tuple[TreeName, ...] = ("rows", "closure")

_FOLDER = "trees"
_VERSION = 1
_COLUMNS = ("sample_id", "rows", "ambiguous_rows")
_BATCH_RECORDS = 1 << 16
_MOST_BLOCKS_KEPT = 64


@dataclass(frozen=True)
class Place:
    """Where an id is in a tree, or would be. ``index``: None where it is not; ``left`` and ``right`` are neighbours.

    Neighbours are indices too: of an id that is not inside, those of the leaves before and behind it; None at an end.
    """

    index: int | None
    left: int | None
    right: int | None


@dataclass(frozen=True)
class Tree:
    """The tree ``name`` of a ``sidecar``. ``starts``: the number of the record with which each block begins."""

    name: TreeName
    sidecar: Sidecar
    outline: Outline
    starts: tuple[int, ...]

    def find(self, sample_id: bytes) -> Place:
        """Where ``sample_id`` is."""
        number = bisect_right(self.outline.first, sample_id) - 1
        if number < 0:
            return Place(None, None, 0 if self.outline.size else None)
        leaves = self._block(number)
        within = bisect_left(leaves, sample_id)
        index = number * BLOCK_LEAVES + within
        if within < len(leaves) and leaves[within] == sample_id:
            return Place(index, None, None)
        return Place(None, index - 1, index if index < self.outline.size else None)

    def leaf(self, index: int) -> tuple[bytes, list[bytes]]:
        """Leaf number ``index`` and its audit path."""
        number, within = divmod(index, BLOCK_LEAVES)
        leaves = self._block(number)
        try:
            return leaves[within], self.outline.path(index, leaves)
        except (ValueError, IndexError) as error:
            raise _changed(self.sidecar) from error

    def _block(self, number: int) -> tuple[bytes, ...]:
        if number not in self._read:
            end = self.starts[number + 1] if number + 1 < len(self.starts) else self.sidecar.records
            leaves = _leaves(self.sidecar, self.name, self.starts[number], end)
            if len(self._read) == _MOST_BLOCKS_KEPT:
                self._read.clear()
            self._read[number] = tuple(leaf for _, leaf in leaves)
        return self._read[number]

    @cached_property
    def _read(self) -> dict[int, tuple[bytes, ...]]:
        """Blocks that were read, by their numbers: the neighbours of one id are in one or two."""
        return {}


def why_no_tree(sidecar: Sidecar) -> str | None:
    """Why a tree over the ids of ``sidecar`` would prove nothing, and what to do; None where it proves something."""
    digest = sidecar.header.identity.digest
    if withstands(digest):
        return None
    return (
        f"its ids are {digest} digests, of which an adversary can make two alike, so they prove nothing; write "
        "`digest: blake2b` (or sha256) into provenance.yaml, and make the sidecars of all datasets again"
    )


def tree_of(dataset: RecordedDataset, name: TreeName, temporary: Path, *, anew: bool = False) -> Tree:
    """The tree ``name`` of ``dataset``; its outline is remembered under ``temporary``, the repository's.

    ``anew``: what is remembered is not believed.

    Raises:
        ProvenanceError: the ids are digests with which it would prove nothing.
        SidecarError: the sidecar cannot be read, or is not in order.
    """
    if why := why_no_tree(dataset.sidecar):
        raise ProvenanceError(f"{dataset.path}: {why}")
    return remembered_tree(dataset.sidecar, name, temporary / _FOLDER / f"{dataset.digest}-{name}.json", anew=anew)


def clean_trees(temporary: Path, kept: Collection[str]) -> Cleaned:
    """Remove what is remembered of trees over other sidecars than those with the hashes ``kept``."""
    cleaned = Cleaned()
    for file in sorted((temporary / _FOLDER).glob("*.json")):
        if file.name.partition("-")[0] not in kept:
            cleaned += Cleaned(1, file.stat().st_size)
            file.unlink(missing_ok=True)
    return cleaned


def remembered_tree(sidecar: Sidecar, name: TreeName, file: Path, *, anew: bool = False) -> Tree:
    """The tree whose outline ``file`` has; it is made, and kept there, where the file has none or is not believed."""
    kept = None if anew else read_cached(file, _VERSION)
    if kept is not None:
        blocks, first = (tuple(map(bytes.fromhex, kept[key])) for key in ("blocks", "first"))
        return Tree(name, sidecar, Outline(kept["size"], blocks, first), tuple(kept["starts"]))
    starts: list[int] = []
    made = outline(_noted(_leaves(sidecar, name), starts))
    write_cached(
        file,
        _VERSION,
        {
            "size": made.size,
            "blocks": [each.hex() for each in made.blocks],
            "first": [each.hex() for each in made.first],
            "starts": starts,
        },
    )
    return Tree(name, sidecar, made, tuple(starts))


def _noted(leaves: Iterator[tuple[int, bytes]], starts: list[int]) -> Iterator[bytes]:
    """The ids of ``leaves``; ``starts`` is filled with the number of the record at which each block begins."""
    for number, (record, leaf) in enumerate(leaves):
        if number % BLOCK_LEAVES == 0:
            starts.append(record)
        yield leaf


def _leaves(sidecar: Sidecar, name: TreeName, first: int = 0, end: int | None = None) -> Iterator[tuple[int, bytes]]:
    """Each distinct id of the tree with the number of its first record, of the records from ``first`` to ``end``.

    Raises:
        SidecarError: it cannot be read, or its ids are not in order.
    """
    last: bytes | None = None
    for start, ids, belongs in _samples(sidecar, name, first, sidecar.records if end is None else end):
        width = ids.shape[1]
        content = ids.tobytes()
        for record in belongs.tolist():
            leaf = content[record * width : (record + 1) * width]
            if last is not None and leaf <= last:
                if leaf == last:
                    continue
                raise SidecarError(f"{sidecar.path}: its ids are not in order; restore it with `dvc checkout`")
            last = leaf
            yield start + record, leaf


def _samples(
    sidecar: Sidecar, name: TreeName, first: int, end: int
) -> Iterator[tuple[int, npt.NDArray[np.uint8], npt.NDArray[np.intp]]]:
    """Batches of records: the number of the first, their ids, and which of them belong to the tree."""
    import numpy as np
    import pyarrow as pa

    from provenance.identity.id_arrays import bytes_of_ids
    from provenance.lineage.sidecar import record_groups

    try:
        # One by one: a reader of many row groups keeps the pages of all that it has read.
        for number, table in record_groups(sidecar, _COLUMNS, first=first, end=end):
            start = number
            for batch in table.to_batches(_BATCH_RECORDS):
                low, high = max(first - start, 0), min(end - start, len(batch))
                if low < high:
                    part = batch.slice(low, high - low)
                    belongs = np.flatnonzero(_is_row(part)) if name == "rows" else np.arange(len(part))
                    yield start + low, bytes_of_ids(_plain_ids(part)), belongs
                start += len(batch)
    except (pa.ArrowException, OSError) as error:
        raise SidecarError(f"{sidecar.path}: cannot be read ({error}); restore it with `dvc checkout`") from error


def _plain_ids(batch: pa.RecordBatch) -> pa.FixedSizeBinaryArray:
    import pyarrow as pa

    ids = batch["sample_id"]
    return ids.dictionary_decode() if pa.types.is_dictionary(ids.type) else ids


def _is_row(batch: pa.RecordBatch) -> npt.NDArray[np.bool_]:
    """Whether the record says of its sample that the dataset has rows of it.

    As sidecars have it: certain ones, or, on a sample's first record, ambiguous ones.
    """
    import numpy as np

    certain = batch["rows"].to_numpy(zero_copy_only=False) > 0
    ambiguous = batch["ambiguous_rows"].is_valid().to_numpy(zero_copy_only=False)
    return np.asarray(certain | ambiguous)


def _changed(sidecar: Sidecar) -> SidecarError:
    return SidecarError(f"{sidecar.path}: it has changed while it was read; ask again")
