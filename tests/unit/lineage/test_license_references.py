from __future__ import annotations

import pytest

from provenance.lineage.license_references import expression_of, hub_identifier, is_listed, references_in

license_expression = pytest.importorskip("license_expression", reason="pip install license-expression")

STATED = {
    "cc-by-4.0": "CC-BY-4.0",
    "Apache License 2.0": "Apache-2.0",
    "mit OR apache-2.0": "MIT OR Apache-2.0",
    "llama3.1": "LicenseRef-scancode-llama-3.1-license-2024",
    "Gemma": "LicenseRef-scancode-gemma-tou-2024-04-01",
    "LicenseRef-ours": "LicenseRef-ours",
    "our-terms": "LicenseRef-our-terms",
}


@pytest.mark.parametrize(("stated", "expression"), STATED.items())
def test_every_statement_becomes_an_expression(stated: str, expression: str) -> None:
    assert expression_of(stated) == expression
    assert is_listed(expression) == ("LicenseRef" not in expression)


@pytest.mark.parametrize("stated", [None, "", " ", "unknown", "NOASSERTION", "None"])
def test_nothing_stated_stays_nothing(stated: str | None) -> None:
    assert expression_of(stated) is None


def test_statements_that_differ_stay_apart() -> None:
    several = [expression_of(text) for text in ("our terms", "our/terms", "our_terms", "§", "¤", "x" * 200, "x" * 201)]
    assert len({*several}) == len(several)
    assert all(each and references_in(each) == [each] for each in several)


@pytest.mark.parametrize(
    "stated", [text for text, expression in STATED.items() if "ours" not in text and "our-" not in text]
)
def test_expressions_are_those_of_the_standard(stated: str) -> None:
    licensing = license_expression.get_spdx_licensing()
    assert licensing.validate(expression_of(stated)).errors == []


def test_the_hub_has_names_of_its_own() -> None:
    names = {"CC-BY-4.0": "cc-by-4.0", "ODC-By-1.0": "odc-by", "PSF-2.0": None, "MIT OR Apache-2.0": None}
    assert {name: hub_identifier(name) for name in names} == names
    assert hub_identifier("LicenseRef-scancode-llama-3.1-license-2024") == "llama3.1"
