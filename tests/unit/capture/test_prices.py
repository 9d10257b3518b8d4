from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from support.schemas import schema_of

from provenance.capture.prices import PriceTable, read_prices
from provenance.errors import ProvenanceError
from provenance.lineage.records import Agent
from provenance.repository import Repository

SCHEMA = Path(__file__).resolve().parents[3] / "docs/specification/prices.schema.json"
TABLE = """version: 2026-01
dated: 2026-01-31
currency: USD
models:
  small: {input: 0.15, output: 0.60}
  small@2: {input: 1, output: 2}
"""


def test_a_price_names_its_table(repository: Repository, tmp_path: Path) -> None:
    file = tmp_path / "prices.yaml"
    file.write_text(TABLE, encoding="utf-8")
    prices = read_prices(file, repository)
    price = prices.of(Agent(name="small", revision="1"))
    assert price is not None
    assert (str(price.input), str(price.output), price.currency) == ("0.15", "0.6", "USD")
    # Where the table lies outside of the repository is nobody else's business.
    assert (price.table, price.version, str(price.dated)) == ("prices.yaml", "2026-01", "2026-01-31")
    assert price.digest == f"sha256:{hashlib.sha256(TABLE.encode()).hexdigest()}"
    revised = prices.of(Agent(name="small", revision="2"))
    assert revised is not None and revised.input == 1
    assert prices.of(Agent(name="large")) is None


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("currency: USD", "currency: dollars", "currency: String should match"),
        ("0.15", "-1", "models.small.input: Input should be greater"),
        ("0.15", ".nan", "models.small.input"),
        ("dated: 2026-01-31\n", "", "dated: Field required"),
        ("models:", "models: [", "not valid YAML"),
        ("version", "colour: red\nversion", "colour: Extra inputs"),
    ],
)
def test_a_table_that_is_none_is_told_by_key(
    repository: Repository, tmp_path: Path, old: str, new: str, problem: str
) -> None:
    file = tmp_path / "prices.yaml"
    file.write_text(TABLE.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ProvenanceError, match=problem):
        read_prices(file, repository)


def test_a_version_that_holds_a_secret_is_refused(repository: Repository, tmp_path: Path) -> None:
    file = tmp_path / "prices.yaml"
    file.write_text(TABLE.replace("2026-01\n", f"hf_{'a1B2c3D4' * 5}\n", 1), encoding="utf-8")
    with pytest.raises(ProvenanceError, match=r"prices.yaml: version holds what looks like a secret") as caught:
        read_prices(file, repository)
    assert "a1B2" not in str(caught.value)


def test_a_table_that_is_not_there(repository: Repository) -> None:
    with pytest.raises(ProvenanceError, match="cannot be read: No such file"):
        read_prices("none.yaml", repository)


def test_the_schema_in_the_documentation_is_that_of_the_code() -> None:
    assert json.loads(SCHEMA.read_text(encoding="utf-8")) == schema_of(PriceTable)
