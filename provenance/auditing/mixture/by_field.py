"""A mixture by a field of the data (a language, a topic): unique and by exposure, from one pass over each dataset.

A sample whose rows differ in the field is unique under the first value, by the alphabet, in the first dataset.
"""

from __future__ import annotations

from dataclasses import dataclass

from provenance.auditing.measure import NotMeasured, Subject
from provenance.auditing.mixture.weighing import Weighed
from provenance.auditing.texts.dataset_texts import texts_of
from provenance.auditing.texts.field_values import MOST_VALUES, NO_VALUE, values_of
from provenance.ledger.datasets import RecordedDataset
from provenance.ledger.part import Part
from provenance.ledger.sidecars import Sidecars

NOT_HELD = "(not held)"


@dataclass(frozen=True)
class Portion:
    """Some of a part of a mixture, as a `Piece` is: what is unique of it, and what is trained on."""

    unique: int | None
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
    values = {}
    for dataset in datasets.values():
        subject = Subject(Part(ledger, dataset), ledger.folder, fields=fields)
        texts = texts_of(subject.audited, subject)
        if isinstance(texts, NotMeasured):
            return texts
        values[dataset.place] = values_of(texts, field)
    counted = ledger.engine.pooled_values(values, weighed.unit, MOST_VALUES * len(values) + 1)
    if len({each.value for each in counted}) > MOST_VALUES:
        return NotMeasured(f"{field} has more than {MOST_VALUES:,} values; name a field with few")
    if {each.value for each in counted} <= {NO_VALUE}:
        return NotMeasured(f"the field {field} is in no row of a dataset of the mixture")
    found: dict[str, list[Portion]] = {}
    titles = {dataset.place: title for title, dataset in datasets.items()}
    for each in counted:
        found.setdefault(each.value, []).append(_portion(weighed, titles[each.place], each.amount, each.unique))
    for piece in weighed.pieces:
        if piece.part not in datasets:
            found.setdefault(NOT_HELD, []).append(Portion(piece.unique, piece.weight, piece.exposure))
    return found


def _portion(weighed: Weighed, title: str, amount: int, unique: int) -> Portion:
    """``amount`` of the part ``title``, which is trained on as often as the rest of it."""
    pieces = [piece for piece in weighed.pieces if piece.part == title]
    whole = sum(piece.amount or 0 for piece in pieces)

    def of(values: list[float | None]) -> float | None:
        known = [value for value in values if value is not None]
        return sum(known) * amount / whole if known and whole else None

    return Portion(unique, of([piece.weight for piece in pieces]), of([piece.exposure for piece in pieces]))
