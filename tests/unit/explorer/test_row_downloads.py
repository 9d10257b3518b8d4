"""Rows as CSV, every one of them and nothing that a spreadsheet would run, and as JSON."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from typing import Any, cast

import pytest

from provenance.explorer.row_downloads import csv_of, json_of
from provenance.explorer.row_pages import Row
from provenance.ledger.walks import Node


class Rows:
    """Rows as they are read."""

    def __init__(self, texts: list[str]) -> None:
        self._texts = texts

    def rows(self) -> Iterator[Row]:
        values: dict[str, Any] = dict.fromkeys(Node.__dataclass_fields__)
        node = Node(**(values | {"sample_id": "00ff", "origin": "real", "births": 1}))
        for number, text in enumerate(self._texts, 1):
            yield Row(number, "", node, text, may_fit=number == 2)


def test_all_rows_are_written_and_formulas_are_text() -> None:
    texts = ["plain", "=1+1", "+1", "-1", "@x", "\tx", 'a "quoted", one\nin lines', *["more"] * 1200]
    lines = "".join(csv_of(cast(Any, Rows(texts)))).splitlines(keepends=True)
    names, *rows = csv.reader(lines)
    assert len(rows) == len(texts)
    found = [dict(zip(names, row, strict=True)) for row in rows]
    assert [row["text"] for row in found[:7]] == [
        "plain",
        "'=1+1",
        "'+1",
        "'-1",
        "'@x",
        "'\tx",
        'a "quoted", one\nin lines',
    ]
    assert [row["may_fit"] for row in found[:3]] == ["", "yes", ""]
    assert found[-1]["row"] == str(len(texts))


@pytest.mark.parametrize("number", [0, 1, 500, 501])
def test_json_is_a_list_of_all_rows_as_they_are(number: int) -> None:
    texts = ["=1+1", *(f"row {each} \u202e" for each in range(number))][:number]
    lines = "".join(json_of(cast(Any, Rows(texts))))
    rows = json.loads(lines)
    assert [row["text"] for row in rows] == texts
    assert all(row["row"] == place and row["model"] is None for place, row in enumerate(rows, 1))
    assert lines.isascii() and lines.endswith("]\n")
