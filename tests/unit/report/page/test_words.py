from __future__ import annotations

import pytest

from provenance.ledger.composition.composition import Share
from provenance.report.page.words import statement


def share(rows: int) -> Share:
    return Share(rows, 0, None, 0, 0, None, None, rows, 0, None, 0, None, None)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ({}, "This dataset has no rows."),
        ({"real": 4}, "People wrote all of its rows."),
        ({"synthetic": 1}, "A language model wrote all of its rows."),
        (
            {"real": 79, "synthetic": 21},
            "People wrote about eight in ten of its rows and a language model wrote the rest.",
        ),
        (
            {"real": 50, "synthetic": 25, "unknown": 25},
            "People wrote half of its rows, a language model wrote a quarter and nobody recorded who wrote the rest.",
        ),
        (
            {"mixed": 99, "unknown": 1},
            "Both had a part in almost all of its rows and nobody recorded who wrote the rest.",
        ),
        ({"ambiguous": 7}, "It is not certain who wrote all of its rows."),
    ],
)
def test_who_wrote_the_rows(rows: dict[str, int], said: str) -> None:
    shares = {origin: share(number) for origin, number in rows.items()}
    assert statement(shares, sum(rows.values())) == said
