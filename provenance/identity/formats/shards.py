"""A dataset in several files of one format: their rows, one file after another."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from provenance.errors import DataError
from provenance.files import whole_file
from provenance.identity.formats import open_file
from provenance.identity.formats.interface import Block, FileReader, Reader, Rewriting, RowError
from provenance.identity.samples import Identity

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_ARCHIVE = ".tar"


class ShardsReader(Reader):
    """See `Reader`. ``names``: the files' paths inside the directory, in the order of their rows."""

    def __init__(self, path: Path, identity: Identity, names: Sequence[str]) -> None:
        super().__init__(path, identity)
        self.names = names
        self.has_types = not names or open_file(path / names[0], identity).has_types

    def parts(self) -> Sequence[FileReader]:
        """The readers of the files, in order."""
        return [open_file(self.path / name, self.identity) for name in self.names]

    def column_names(self) -> tuple[str, ...] | None:
        names: dict[str, None] = {}
        for reader in self.parts():
            of_shard = reader.column_names()
            if of_shard is None:
                return None
            names.update(dict.fromkeys(of_shard))
        return tuple(names)

    def blocks(self, columns: Collection[str] | None = None) -> Iterator[Block]:
        for name, reader in zip(self.names, self.parts(), strict=True):
            first = True
            try:
                for block in reader.blocks(_present(reader, columns)):
                    if first:
                        block.starts = ((0, name),)
                        first = False
                    yield block
            except RowError as error:
                if first:  # no block tells in which shard that is
                    raise DataError(reader.path, error.offset + 1, error.problem) from None
                raise

    def numbered_rows(self) -> Iterator[tuple[int, dict[str, object]]]:
        before = 0
        for reader in self.parts():
            number = 0
            for number, row in reader.numbered_rows():  # `number` is also read after the loop
                yield before + number, row
            before += number

    def beside(self, stays: Mapping[str, npt.NDArray[np.bool_]]) -> Mapping[str, Rewriting]:
        for name in filter(lambda name: name.endswith(_ARCHIVE), stays):
            table = self.path / f"{name.removesuffix(_ARCHIVE)}.parquet"
            if table.exists():
                problem = f"describes the rows of {name} beside it, and cannot be kept in step when some of them go"
                raise DataError(table, None, f"{problem}; keep it outside of the directory, and add that again")
        return {}

    def strip(self, names: Collection[str]) -> bool:
        having = [reader for reader in self.parts() if reader.has_columns(names)]
        # All files take their places when all have been written.
        with ExitStack() as written:
            for reader in having:
                reader.write_without(names, written.enter_context(whole_file(reader.path)))
        return bool(having)


def _present(reader: Reader, columns: Collection[str] | None) -> Collection[str] | None:
    """Those of ``columns`` that the shard has: another shard may have more."""
    names = reader.column_names() if columns is not None else None
    return columns if columns is None or names is None else [name for name in names if name in columns]
