"""A dataset broken down by a field of its data, such as a language: what rows say, weighed as in other breakdowns.

The values are in the data, bytes and tokens in the sidecar: both are joined by sample id, in one pass over the data.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from provenance.auditing.measures import NotMeasured, Subject
from provenance.auditing.texts.dataset_texts import Texts, column_of, texts_of
from provenance.auditing.texts.field_values import MOST_VALUES, NO_VALUE
from provenance.ledger.composition.composition import Amounts, Share, shares

_COUNTED = f"""
    SELECT coalesce(value, '{NO_VALUE}') AS value, count(*)::BIGINT, coalesce(sum(content_bytes), 0)::BIGINT,
        sum(tokens::BIGINT)::BIGINT, count(tokens)::BIGINT
    FROM row_values JOIN samples USING (sample_id) WHERE sidecar = ? AND samples.rows > 0
    GROUP BY 1 ORDER BY 2 DESC LIMIT {MOST_VALUES + 1}"""


def by_field(subject: Subject, field: str) -> dict[str, Share] | NotMeasured:
    """The audited rows by their value of ``field``, the most frequent first; rows without one are ``(none)``.

    Raises:
        DataError: the data cannot be read.
        SidecarError: the sidecar is of other data.
    """
    path, connection = subject.audited.dataset.path, subject.audited.ledger.connection
    texts = texts_of(subject.audited, subject)
    if isinstance(texts, NotMeasured):
        return texts
    schema = pa.schema(
        [("sample_id", pa.binary(subject.audited.dataset.sidecar.digest_size)), ("value", pa.large_string())]
    )
    connection.register("row_values", pa.RecordBatchReader.from_batches(schema, _values(texts, field, schema)))
    found = connection.execute(_COUNTED, [subject.audited.dataset.place]).fetchall()
    connection.unregister("row_values")
    if len(found) > MOST_VALUES:
        return NotMeasured(f"{path}: {field} has more than {MOST_VALUES:,} values; name a field with few")
    amounts = {value: Amounts(rows, size, tokens, with_tokens) for value, rows, size, tokens, with_tokens in found}
    if amounts.keys() <= {NO_VALUE}:
        return NotMeasured(f"{path}: the field {field} is in no row")
    return shares(amounts, _sum(amounts))


def _values(texts: Texts, field: str, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    for batch in texts.batches("sample_id", column_of(field)):
        yield pa.record_batch([batch["sample_id"], batch[column_of(field)]], schema=schema)


def _sum(amounts: dict[str, Amounts]) -> Amounts:
    known = [each.tokens for each in amounts.values() if each.tokens is not None]
    return Amounts(
        rows=sum(each.rows for each in amounts.values()),
        bytes=sum(each.bytes for each in amounts.values()),
        tokens=sum(known) if known else None,
        rows_with_tokens=sum(each.rows_with_tokens for each in amounts.values()),
    )
