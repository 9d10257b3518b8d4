from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from support.lineages import WORDS, ancestors, lineages, records_of, rows_where
from support.measuring import take, values
from support.sidecars import Words, record, sample

from provenance.auditing.measure import Measured
from provenance.auditing.measures.licenses import MEASURE
from provenance.files import MODELS_FILE
from provenance.lineage.records import Activity, ActivityType, Agent, Source
from provenance.repository import Repository

LLAMA = "a model trained on outputs has Llama at the start of its name"
AGENTS = Words(
    activities=(
        Activity(type=ActivityType.COLLECTION),
        Activity(type=ActivityType.GENERATION),
        Activity(type=ActivityType.DERIVATION),
    ),
    agents=(
        Agent(name="Llama-3.1-8B", license="LicenseRef-Llama-3.1", output_terms=LLAMA),
        Agent(name="undisclosed"),
    ),
    sources=(Source(name="library", license="PSF-2.0 AND MIT"), Source(name="forum")),
)


def test_obligations_are_the_union_over_ancestors_and_generators(repository: Repository, tmp_path: Path) -> None:
    found = values(
        take(
            repository,
            tmp_path,
            MEASURE,
            [
                record(sample(1), 2, source=0, activity=0),
                record(sample(2), 0, source=1, activity=0, license="CC-BY-4.0"),
                record(sample(3), 1, parents=[sample(1)], agent=0, activity=1),
                record(sample(4), 1, parents=[sample(3), sample(2)], origin="mixed", activity=2),
            ],
            AGENTS,
        )
    )
    one, two, four = ({"rows": rows, "fraction": rows / 4} for rows in (1, 2, 4))
    assert found == {
        "rows": 4,
        "licenses": {"MIT": four, "PSF-2.0": four, "CC-BY-4.0": one},
        "noncommercial": {},
        "no_derivatives": {},
        "generator_licenses": {"LicenseRef-Llama-3.1": two},
        "output_terms": {LLAMA: two},
        "unspecified": {"rows": 0, "fraction": 0.0},
        "unspecified_content": {"rows": 0, "fraction": 0.0},
        "unspecified_generators": {"rows": 0, "fraction": 0.0},
        "left_out": 0,
    }


def test_what_nobody_specified_shows_in_all_that_came_of_it(repository: Repository, tmp_path: Path) -> None:
    found = values(
        take(
            repository,
            tmp_path,
            MEASURE,
            [
                record(sample(1), 1, source=1, activity=0),
                record(sample(2), 1, parents=[sample(1)], agent=0, activity=1),
                record(sample(3), 2, origin="synthetic", agent=1, activity=1),
                record(sample(4), 1, origin="synthetic", activity=1),
                record(sample(5), 1, origin="unknown", evidence=None),
                record(sample(6), 4, source=0, activity=0),
            ],
            AGENTS,
        )
    )
    rows = {name: reached["rows"] for name, reached in found.items() if name.startswith("unspecified")}
    assert rows == {"unspecified": 6, "unspecified_content": 3, "unspecified_generators": 3}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20, deadline=None)
@given(lineages())
def test_agrees_with_gathering_the_licences_of_all_ancestors(
    repository: Repository, tmp_path: Path, stated: list[dict[str, Any]]
) -> None:
    def licences(number: int) -> set[str]:
        every = [stated[one] for one in {number, *ancestors(stated, number)}]
        return {each["license"] or ("PSF-2.0" if each["source"] == 0 else "none") for each in every}

    if not rows_where(stated, lambda _number, _each: True):
        return
    found = values(take(repository, tmp_path, MEASURE, records_of(stated), WORDS))
    for licence in ("MIT", "CC-BY-4.0", "PSF-2.0"):
        expected = rows_where(stated, lambda number, _, licence=licence: licence in licences(number))
        assert found["licenses"].get(licence, {"rows": 0})["rows"] == expected


def test_the_register_states_what_a_generator_was_made_from(repository: Repository, tmp_path: Path) -> None:
    register = repository.root / MODELS_FILE
    register.write_text(
        "models: [{name: Llama-3, license: LicenseRef-Llama-3}, {name: undisclosed, base: Llama-3, output_terms: none}]"
    )
    try:
        records = [record(sample(1), origin="synthetic", agent=1, activity=1)]
        found = values(take(repository, tmp_path, MEASURE, records, AGENTS))
    finally:
        register.unlink()
    assert list(found["generator_licenses"]) == ["LicenseRef-Llama-3"]
    assert list(found["output_terms"]) == ["none"]
    assert found["unspecified"]["rows"] == 0


@pytest.mark.parametrize("license_", ["llama3.3", "see the card"])
def test_words_that_are_no_expression_are_kept(repository: Repository, tmp_path: Path, license_: str) -> None:
    found = take(repository, tmp_path, MEASURE, [record(sample(1), license=license_)])
    assert list(values(found)["licenses"]) == [license_]


@pytest.mark.parametrize(
    ("stated", "noncommercial", "no_derivatives"),
    [("cc by-nc 4.0", ["CC-BY-NC-4.0"], []), ("CC BY-ND", [], ["CC BY-ND"]), ("MIT OR cc-by-nc-4.0", [], [])],
)
def test_licences_that_exclude_a_use_are_named(
    repository: Repository, tmp_path: Path, stated: str, noncommercial: list[str], no_derivatives: list[str]
) -> None:
    records = [record(sample(1), license="MIT"), record(sample(2), license=stated)]
    found = values(take(repository, tmp_path, MEASURE, records))
    assert list(found["noncommercial"]) == noncommercial
    assert list(found["no_derivatives"]) == no_derivatives


@pytest.mark.parametrize(
    ("born", "why"),
    [
        ({"license": "mit"}, None),
        ({"license": "openrail"}, "what openrail allows is not known"),
        ({"license": "LicenseRef-Acme"}, "what LicenseRef-Acme allows is not known"),
        ({"license": "unknown", "activity": 0}, "terms are not stated of all that 1 row goes back to"),
        ({"license": None, "activity": 0}, "terms are not stated of all that 1 row goes back to"),
        ({"license": "MIT", "agent": 0, "activity": 1}, "LicenseRef-Llama-3.1 allows is not known"),
    ],
)
def test_what_is_not_known_to_allow_a_use_is_a_doubt(
    repository: Repository, tmp_path: Path, born: dict[str, Any], why: str | None
) -> None:
    taken = take(repository, tmp_path, MEASURE, [record(sample(1), **born)], AGENTS)
    assert isinstance(taken, Measured)
    if why is None:
        assert not taken.doubts
    else:
        assert all(why in taken.doubts[name].why for name in ("noncommercial", "no_derivatives"))
