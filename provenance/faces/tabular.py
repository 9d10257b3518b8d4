"""What is a table for people who work with tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


class Tabular:
    """Something that can be had as a table: `to_arrow`, and with pandas installed `to_pandas`."""

    def to_arrow(self) -> pa.Table:
        """The table, a column for each thing that is said of a row."""
        import pyarrow as pa

        return pa.Table.from_pylist([dict(row) for row in self._table_rows()])

    def to_pandas(self) -> pd.DataFrame:
        """The same as a data frame, in which whole numbers stay whole where some are missing."""
        import pandas as pd
        import pyarrow as pa

        whole = {pa.int64(): pd.Int64Dtype()}
        frame: pd.DataFrame = self.to_arrow().to_pandas(types_mapper=whole.get)
        return frame

    def _table_rows(self) -> Iterable[Mapping[str, Any]]:
        """The rows, each with the same names."""
        raise NotImplementedError
