from decimal import Decimal

import pytest

from provenance.money import amount_text


@pytest.mark.parametrize(
    ("amount", "text", "grouped"),
    [
        ("0.3950000000", "0.395", "0.395"),
        ("1E+3", "1000", "1,000"),
        ("0", "0", "0"),
        ("0.0000001500", "0.00000015", "0.00000015"),
        ("12345.50", "12345.5", "12,345.5"),
    ],
)
def test_an_amount_has_all_its_digits_and_none_besides(amount: str, text: str, grouped: str) -> None:
    assert (amount_text(Decimal(amount)), amount_text(Decimal(amount), grouped=True)) == (text, grouped)
