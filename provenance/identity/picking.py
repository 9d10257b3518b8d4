"""Some rows of a dataset, by their numbers: read without those before them where a reader can begin behind these."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from provenance.errors import DataError, NoSuchRowError
from provenance.identity.blocks import encode_block
from provenance.identity.canonical import ContentError
from provenance.identity.field_names import RESERVED_COLUMNS
from provenance.identity.fields import Look, select
from provenance.identity.formats import open_reader
from provenance.identity.formats.interface import Block, Reader, RowError
from provenance.identity.formats.row_block import RowBlock
from provenance.identity.row_places import RowPlaces
from provenance.identity.samples import Identity
from provenance.identity.texts import block_texts


@dataclass(frozen=True)
class PickedRow:
    """Row ``number`` of a dataset; ``place``: of a directory, FILE:ROW in it. ``text`` is all that it says."""

    number: int
    place: str
    sample_id: bytes
    text: str
    values: dict[str, object]


def pick_rows(
    path: str | os.PathLike[str], identity: Identity, places: RowPlaces, rows: Sequence[int]
) -> Iterator[PickedRow]:
    """Those ``rows`` (ascending, from 1) of the dataset at ``path``, whose row places are ``places``.

    Raises:
        DataError: the dataset cannot be read, or does not have such a row.
    """
    picked = [(row, places.start(row), *places.place(row)) for row in rows]
    for (inside, start), some in groupby(picked, key=lambda each: (each[2], each[1])):
        whole = path if isinstance(path, Path) else Path(path)
        file = whole if inside is None else whole / inside
        numbers = {in_file: row for row, _, _, in_file in some}
        # A mark counts rows of the dataset, and its reader those of a file.
        first = 1 if start is None else places.place(start[0])[1]
        reader = open_reader(file, identity)
        reader.start = None if start is None else start[1]
        for in_file, block in _blocks(reader, first, list(numbers)):
            for row in _rows(block, in_file, file, identity):
                number = numbers[row.number]
                place = "" if inside is None else f"{inside}:{row.number}"
                yield PickedRow(number, place, row.sample_id, row.text, row.values)


def _blocks(reader: Reader, first: int, wanted: list[int]) -> Iterator[tuple[list[int], Block]]:
    """Blocks of the ``wanted`` rows of a file alone, and which they are; row ``first`` is the first that is read."""
    before, done = first - 1, 0
    try:
        for whole in reader.blocks():
            offsets = [row - before - 1 for row in wanted[done:]]
            size, block = whole.picked(offsets) or _picked(whole, offsets)
            here = [row for row in wanted[done:] if row <= before + size]
            if here:
                yield here, block
            before, done = before + size, done + len(here)
            if done == len(wanted):
                return
    except RowError as error:
        raise DataError(reader.path, before + error.offset + 1, error.problem) from None
    raise NoSuchRowError(reader.path, wanted[done], "the dataset has fewer rows")


def _picked(block: Block, offsets: Sequence[int]) -> tuple[int, Block]:
    rows = list(block.rows())
    return len(rows), RowBlock([rows[offset] for offset in offsets if offset < len(rows)])


def _rows(block: Block, numbers: Sequence[int], file: Path, identity: Identity) -> Iterator[PickedRow]:
    selection = select(identity.fields, identity.settled, Look())
    try:
        ids = encode_block(block, selection, identity).ids
        texts = block_texts(block, selection, ()).texts
        values = list(block.rows())
    except RowError as error:
        raise DataError(file, numbers[error.offset], error.problem) from None
    except ContentError as error:
        raise DataError(file, None, str(error)) from None
    for offset, number in enumerate(numbers):
        content = {name: value for name, value in values[offset].items() if name not in RESERVED_COLUMNS}
        yield PickedRow(number, "", ids[offset].as_py(), texts[offset].as_py() or "", content)
