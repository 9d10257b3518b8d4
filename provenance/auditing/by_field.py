"""A dataset broken down by a field of its data, such as a language: what rows say, weighed as in other breakdowns.

The values are in the data, bytes and tokens in the sidecar: both are joined by sample id, in one pass over the data.
"""

from __future__ import annotations

from provenance.auditing.measures import NotMeasured, Subject
from provenance.auditing.texts.dataset_texts import texts_of
from provenance.auditing.texts.field_values import MOST_VALUES, NO_VALUE, values_of
from provenance.ledger.composition.composition import Share, shares
from provenance.ledger.rows import NOTHING, Amounts, Between


def by_field(subject: Subject, field: str) -> dict[str, Share] | NotMeasured:
    """The audited rows by their value of ``field``, the most frequent first; rows without one are ``(none)``.

    Raises:
        DataError: the data cannot be read.
        SidecarError: the sidecar is of other data.
    """
    path = subject.audited.dataset.path
    texts = texts_of(subject.audited, subject)
    if isinstance(texts, NotMeasured):
        return texts
    found = subject.audited.questions.by_value(values_of(texts, field), MOST_VALUES + 1)
    if len(found) > MOST_VALUES:
        return NotMeasured(f"{path}: {field} has more than {MOST_VALUES:,} values; name a field with few")
    amounts = {each.value: Amounts(each.rows, each.bytes, each.tokens, each.rows_with_tokens) for each in found}
    if amounts.keys() <= {NO_VALUE}:
        return NotMeasured(f"{path}: the field {field} is in no row, or is a list or an object")
    total = sum(amounts.values(), NOTHING)
    return shares({value: Between(found, found) for value, found in amounts.items()}, total)
