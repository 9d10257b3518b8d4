"""What records say by number, in names; and SQL that says the same of a record."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from provenance.engines.interface import Among
from provenance.lineage.database import text_literal
from provenance.lineage.records import Activity
from provenance.lineage.vocabulary import Vocabulary
from provenance.lineage.words import DOUBTS

# A price is of a million tokens; as a price of one it is still exact.
_PRICE_TYPE = "DECIMAL(26, 16)"
_TOKENS_OF_A_PRICE = Decimal(1_000_000)


def in_doubt_sql(column: str) -> str:
    """SQL: the births that a record's parents may have had differ in ``column``, so that its null says nothing.

    A license that nobody stated is that of the source.
    """
    if column == "license":
        return f"({_has_doubt('license')} OR (license IS NULL AND {_has_doubt('source')}))"
    doubt = "agent" if column == "model" else column
    return _has_doubt(doubt) if doubt in DOUBTS else "false"


def _has_doubt(name: str) -> str:
    return f"(coalesce(doubts, 0) & {1 << DOUBTS.index(name)} > 0)"


class VocabularySQL:
    """The names of a vocabulary, by its numbers."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._models = [agent.label for agent in vocabulary.agents.values()]
        self._sources = [source.name for source in vocabulary.sources.values()]
        self._activities = [*vocabulary.activities.values()]

    def model(self, agent: int | None) -> str | None:
        return None if agent is None else self._models[agent]

    def source(self, number: int | None) -> str | None:
        return None if number is None else self._sources[number]

    def activity(self, number: int) -> Activity:
        return self._activities[number]

    def condition(self, where: Sequence[Among]) -> tuple[str, list[Any]]:
        """SQL for records that fit all of ``where``, and its parameters."""
        conditions, parameters = ["true"], []
        for among in where:
            column, values = self._by_number(among)
            stated = [value for value in values if value is not None]
            either = [f"{column} IN ({', '.join('?' * len(stated))})"] if stated else []
            either += [f"{column} IS NULL"] if None in values else []
            conditions.append(f"({' OR '.join(either) or 'false'})")
            conditions.append(f"NOT {in_doubt_sql(among.column)}")
            parameters += stated
        return " AND ".join(conditions), parameters

    def _by_number(self, among: Among) -> tuple[str, Sequence[Any]]:
        if among.column == "license":
            return "effective_license(license, source)", among.values
        named = {"model": ("agent", self._models), "source": ("source", self._sources)}.get(among.column)
        if named is None:
            return among.column, among.values
        column, names = named
        numbers: list[int | None] = [number for number, name in enumerate(names) if name in among.values]
        return column, [*numbers, *([None] if None in among.values else [])]

    @property
    def stage_of_activity(self) -> str:
        return _of_activity((each.stage.name if each.stage else None for each in self._activities), "VARCHAR")

    @property
    def pricing(self) -> dict[str, str]:
        """What a birth cost, ``amount``, and the ``currency``, where that was worked out from a price."""
        prices = [activity.price for activity in self._activities]
        if not any(prices):
            # Working out prices takes a third of the time of the whole query.
            return {"amount": "cost", "currency": "NULL::VARCHAR"}
        inputs, outputs = (
            _of_activity(
                (f"{getattr(price, side) / _TOKENS_OF_A_PRICE:f}" if price else None for price in prices), _PRICE_TYPE
            )
            for side in ("input", "output")
        )
        priced = f"input_tokens * {inputs} + output_tokens * {outputs}"
        currency = _of_activity((price.currency if price else None for price in prices), "VARCHAR")
        return {
            "amount": f"coalesce(cost, {priced})",
            "currency": f"CASE WHEN cost IS NULL AND {priced} IS NOT NULL THEN {currency} END",
        }


def _of_activity(values: Iterable[str | None], sql_type: str) -> str:
    """SQL: the value that stands at the number in the column ``activity``."""
    listed = ", ".join("NULL" if value is None else text_literal(value) for value in values)
    return f"([{listed}]::{sql_type}[])[activity + 1]"
