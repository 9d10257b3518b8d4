"""A mixture by a field of the data (a language, a topic): unique and by exposure, from one pass over each dataset.

A sample whose rows differ in the field is unique under the first value, by the alphabet, in the first dataset.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa

from provenance.auditing.measure import NotMeasured, Part, Subject
from provenance.auditing.mixture.weighing import AMOUNT, Weighed
from provenance.auditing.texts.dataset_texts import Texts, column_of, texts_of
from provenance.auditing.texts.field_values import MOST_VALUES, NO_VALUE
from provenance.ledger.datasets import RecordedDataset
from provenance.ledger.sidecars import Sidecars

NOT_HELD = "(not held)"

_VALUES = "CREATE OR REPLACE TEMP TABLE mixture_values (place BIGINT, sample_id BLOB, value VARCHAR)"
_COUNTED = f"""
    SELECT place, value, sum(amount)::BIGINT, coalesce(sum(amount) FILTER (is_first), 0)::BIGINT
    FROM (
        SELECT place, coalesce(value, '{NO_VALUE}') AS value, {{amount}} AS amount, row_number() OVER (
            PARTITION BY sample_id ORDER BY list_position(?::BIGINT[], place), value) = 1 AS is_first
        FROM mixture_values JOIN (SELECT sidecar AS place, * FROM samples WHERE rows > 0) USING (place, sample_id))
    GROUP BY place, value ORDER BY place, value"""


@dataclass(frozen=True)
class Portion:
    """Some of a part of a mixture, as a `Piece` is: what is unique of it, and what is trained on."""

    unique: int
    weight: float | None
    exposure: float | None


def portions(
    ledger: Sidecars, datasets: dict[str, RecordedDataset], weighed: Weighed, fields: tuple[str, ...], field: str
) -> dict[str, list[Portion]] | NotMeasured:
    """The portions of ``weighed`` by their value of ``field``, one of ``fields``, which are all read in one pass.

    Data that is not held is `NOT_HELD`; rows without a value are `NO_VALUE`.

    Raises:
        DataError: data cannot be read.
    """
    connection = ledger.connection
    connection.execute(_VALUES)
    for dataset in datasets.values():
        subject = Subject(Part(ledger, dataset), ledger.folder, fields=fields)
        texts = texts_of(subject.audited, subject)
        if isinstance(texts, NotMeasured):
            return texts
        schema = pa.schema([("sample_id", pa.binary(dataset.sidecar.digest_size)), ("value", pa.large_string())])
        rows = pa.RecordBatchReader.from_batches(schema, _values(texts, field, schema))
        connection.register("values_of_dataset", rows)
        connection.execute("INSERT INTO mixture_values SELECT ?, * FROM values_of_dataset", [dataset.place])
        connection.unregister("values_of_dataset")
    places = [dataset.place for dataset in datasets.values()]
    query = _COUNTED.format(amount=AMOUNT[weighed.unit])
    counted = connection.execute(f"{query} LIMIT {MOST_VALUES * len(places) + 1}", [places]).fetchall()
    if len({value for _, value, _, _ in counted}) > MOST_VALUES:
        return NotMeasured(f"{field} has more than {MOST_VALUES:,} values; name a field with few")
    if {value for _, value, _, _ in counted} <= {NO_VALUE}:
        return NotMeasured(f"the field {field} is in no row of a dataset of the mixture")
    found: dict[str, list[Portion]] = {}
    titles = {dataset.place: title for title, dataset in datasets.items()}
    for place, value, amount, unique in counted:
        found.setdefault(value, []).append(_portion(weighed, titles[place], amount, unique))
    for piece in weighed.pieces:
        if piece.part not in datasets:
            found.setdefault(NOT_HELD, []).append(Portion(piece.unique, piece.weight, piece.exposure))
    return found


def _values(texts: Texts, field: str, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    for batch in texts.batches("sample_id", column_of(field)):
        yield pa.record_batch([batch["sample_id"], batch[column_of(field)]], schema=schema)


def _portion(weighed: Weighed, title: str, amount: int, unique: int) -> Portion:
    """``amount`` of the part ``title``, which is trained on as often as the rest of it."""
    pieces = [piece for piece in weighed.pieces if piece.part == title]
    whole = sum(piece.amount for piece in pieces)

    def of(values: list[float | None]) -> float | None:
        known = [value for value in values if value is not None]
        return sum(known) * amount / whole if known and whole else None

    return Portion(unique, of([piece.weight for piece in pieces]), of([piece.exposure for piece in pieces]))
