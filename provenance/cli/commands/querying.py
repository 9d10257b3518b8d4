"""`query`: SQL over the lineage of a revision. What is not a table for people streams, whatever its size."""

from __future__ import annotations

import json
import math
import sys
from collections import Counter
from datetime import date, datetime, time
from decimal import Decimal
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from provenance.cli import output
from provenance.cli.failures import exit_code
from provenance.cli.options import CommonOptions, command, warn_of_stale
from provenance.errors import QueryError
from provenance.report.plain_text import CELL_WIDTH, safe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from provenance.ledger.sql.questions import Answer
    from provenance.repository import Repository

_TABLE_ROWS = 100
_NUMBERS = ("int", "float", "double", "decimal")


@command(reads_lineage=True, at_revision=True)
def query(
    options: CommonOptions,
    sql: Annotated[str, typer.Argument(metavar="SQL", help="One SELECT statement; see docs/query.md for the views.")],
    fields: Annotated[
        list[str] | None,
        typer.Option(
            "--field", metavar="NAME", help="Read this column of the data, too, for the view field_values. Repeatable."
        ),
    ] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Write all rows as CSV.")] = False,
    parquet: Annotated[
        Path | None, typer.Option("--parquet", metavar="FILE", help="Write all rows into a Parquet file.")
    ] = None,
) -> None:
    """Ask SQL of the lineage: samples, parents, activities and more.

    The views are samples, birth_classes, parents, activities, agents, prompts, sources and datasets, and with --field
    field_values. It is DuckDB's SQL, and reads nothing but these and changes nothing. Rows too wide for the terminal
    are shown one below the other.

    Example: provenance query "SELECT model, sum(rows) FROM samples GROUP BY model"
    """
    from provenance.cli.overwriting import require_harmless
    from provenance.ledger.sql.confined import in_child

    if as_csv + options.as_json + (parquet is not None) > 1:
        raise typer.BadParameter("--csv, --parquet and --json cannot be combined")
    write = _print_table
    if parquet is not None:
        write = partial(_write_parquet, parquet)
    elif options.as_json:
        write = _write_json
    elif as_csv:
        write = _write_csv
    elif options.quiet:
        write = _read

    def ask(verbose: bool) -> None:
        repository = options.open_repository()
        require_harmless(repository, {"--parquet": parquet})
        _ask(repository, options, (sql, fields or ()), write, as_text=not (options.as_json or parquet is not None))

    if code := in_child(partial(exit_code, ask, verbose=options.verbose)):
        raise typer.Exit(code)


def _ask(
    repository: Repository,
    options: CommonOptions,
    asked: tuple[str, Sequence[str]],
    write: Callable[[Answer], None],
    *,
    as_text: bool,
) -> None:
    sql, fields = asked
    from provenance.ledger.sidecars import Sidecars
    from provenance.ledger.sql.confined import confine, memory_refused
    from provenance.ledger.sql.questions import open_questions

    with Sidecars.open(repository, options.rev) as ledger:
        with open_questions(ledger, fields) as questions:
            confine()
            with memory_refused():
                write(questions.ask(sql, as_text=as_text))
        warn_of_stale(ledger, quiet=options.quiet)


def _read(answer: Answer) -> None:
    """Read the answer for the errors that may be in it."""
    for _ in answer.batches:
        pass


def _print_table(answer: Answer) -> None:
    rows = list(islice(_rows(answer), _TABLE_ROWS + 1))
    cells = [["" if cell is None else safe(cell, CELL_WIDTH) for cell in row] for row in rows]
    titles = [safe(column, CELL_WIDTH) for column in answer.columns]
    numbers = [
        title for title, kind in zip(titles, answer.types, strict=True) if any(name in kind for name in _NUMBERS)
    ]
    output.write_table_or_records(titles, cells[:_TABLE_ROWS], numbers)
    if len(rows) > _TABLE_ROWS:
        output.write_line(
            f"only the first {_TABLE_ROWS} rows are shown: --csv, --json and --parquet FILE give them all"
        )


def _rows(answer: Answer) -> Iterator[tuple[Any, ...]]:
    # Not as dictionaries: two columns may have one name.
    for batch in answer.batches:
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)


def _write_csv(answer: Answer) -> None:
    """Write all rows, which come as text.

    Where all columns are text, every value is quoted: who guesses types would take some for numbers or dates. Else
    quoted is what has to be, and empty text, to tell it from null.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    def quoted(column: pa.Array, *, always: bool = False) -> pa.Array:
        special = pc.or_(pc.match_substring_regex(column, '[",\r\n]'), pc.equal(column, ""))
        escaped = pc.binary_join_element_wise('"', pc.replace_substring(column, '"', '""'), '"', "")
        return escaped if always else pc.if_else(special, escaped, column)

    sys.stdout.flush()
    header = pa.array([str(name) for name in answer.batches.schema.names], pa.string())
    sys.stdout.buffer.write((",".join(quoted(header).to_pylist()) + "\n").encode())
    only_text = set(answer.types) == {"varchar"}
    for batch in answer.batches:
        cells = [pc.fill_null(quoted(column.cast(pa.string()), always=only_text), "") for column in batch.columns]
        lines = pc.binary_join_element_wise(*cells, ",") if len(cells) > 1 else cells[0]
        sys.stdout.buffer.write("".join(f"{line}\n" for line in lines.to_pylist()).encode())


def _write_parquet(file: Path, answer: Answer) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from provenance.files import whole_file

    _require_distinct(answer)
    try:
        with whole_file(file) as temporary, pq.ParquetWriter(temporary, answer.batches.schema) as writer:
            for batch in answer.batches:
                writer.write_batch(batch)
    except pa.ArrowNotImplementedError as error:
        raise QueryError(f"{file}: Parquet cannot hold this: {error}; cast it in the query") from error


def _write_json(answer: Answer) -> None:
    """Write one document, row by row."""
    _require_distinct(answer)
    rows = _rows(answer)
    row = next(rows, None)
    # Only now: an error in the first rows leaves nothing on standard output.
    output.write_line(f'{{"columns": {json.dumps(answer.columns)}, "rows": [')
    while row is not None:
        document = dict(zip(answer.columns, map(_plain, row), strict=True))
        row = next(rows, None)
        output.write_line(json.dumps(document, allow_nan=False) + ("" if row is None else ","))
    output.write_line("]}")


def _plain(value: Any) -> Any:
    """``value`` in JSON's types; bytes as hex digits, decimal numbers as text where they have decimal places."""
    if isinstance(value, dict):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Decimal):
        return int(value) if value.as_tuple().exponent == 0 else format(value, "f")
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)


def _require_distinct(answer: Answer) -> None:
    name, times = Counter(answer.columns).most_common(1)[0]
    if times > 1:
        raise QueryError(f"two columns have the name {name}: give one of them another with AS")
