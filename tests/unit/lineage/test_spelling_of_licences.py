"""Licences as data sets write them: which SPDX expression they are, and which uses they exclude."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.lineage.license_terms import excludes_commercial_use, excludes_derivatives, is_expression, spelt

SPELLINGS = {
    "CC-BY-NC-4.0": [
        *("cc-by-nc-4.0", "CC BY-NC 4.0", "CC_BY_NC_4.0", "cc by nc 4", "CC-BYNC-4.0", "CC-BY-NC-4.0-International"),
        *("Creative Commons Attribution-NonCommercial 4.0 International", "Attribution Non Commercial 4.0"),
        *(
            "https://creativecommons.org/licenses/by-nc/4.0/",
            "http://www.creativecommons.org/licenses/by-nc/4.0/deed.de",
        ),
    ],
    "CC-BY-NC-SA-3.0": ["cc by-sa-nc 3.0", "CC BY-NC-SA 3.0 Unported"],
    "CC-BY-NC-ND-2.5": ["cc-by-nc-nd-2.5", "Creative Commons Attribution-NonCommercial-NoDerivs 2.5"],
    "CC-BY-3.0-US": ["http://creativecommons.org/licenses/by/3.0/us/", "cc-by-3.0-us"],
    "CC0-1.0": ["cc0", "CC0 1.0 Universal", "https://creativecommons.org/publicdomain/zero/1.0/"],
    "Apache-2.0": ["apache 2.0", "Apache License, Version 2.0", "https://www.apache.org/licenses/LICENSE-2.0.txt"],
    "MIT": ["mit", "The MIT License", "https://opensource.org/licenses/MIT"],
    "GPL-3.0": ["GPLv3", "gpl-3.0", "GNU General Public License v3.0"],
    "ODC-By-1.0": ["odc-by", "ODC-BY 1.0", "Open Data Commons Attribution License v1.0"],
    "PDDL-1.0": ["pddl"],
    "C-UDA-1.0": ["c-uda"],
    "CDLA-Permissive-2.0": ["cdla-permissive-2.0"],
    "MIT OR CC-BY-NC-4.0": ["mit or cc-by-nc-4.0", "MIT OR CC BY-NC 4.0"],
    "MIT AND (Apache-2.0 OR CC-BY-SA-3.0)": ["mit AND (Apache 2.0 OR CC BY-SA 3.0)"],
    "GPL-2.0-only WITH Classpath-exception-2.0": ["gpl-2.0-only with classpath-exception-2.0"],
    "LicenseRef-Acme": ["licenseref-Acme"],
}
# Custom terms, families of licences, words, and what cannot be read.
NO_EXPRESSIONS = (
    *("openrail", "cc", "other", "unknown", "llama3", "gemma", "gpl", "bsd", "bigscience-bloom-rail-1.0", "CC BY"),
    *(
        "public domain",
        "see LICENSE",
        "MIT, Apache-2.0",
        "(MIT",
        "MIT AND",
        "AND",
        "()",
        "",
        "CC-BY-4.0-NC",
        "MIT 7 OR",
    ),
    *("Apache License 2.0 for code, own terms for data", "(" * 90 + "MIT" + ")" * 90, "x" * 10_000),
)


@pytest.mark.parametrize(("spdx", "stated"), [(spdx, each) for spdx, all_ in SPELLINGS.items() for each in all_])
def test_one_licence_in_many_spellings(spdx: str, stated: str) -> None:
    assert spelt(stated) == spelt(spelt(stated)) == spdx
    assert is_expression(stated)


@pytest.mark.parametrize("stated", NO_EXPRESSIONS)
def test_what_is_no_expression_stays_as_stated_and_clears_nothing(stated: str) -> None:
    assert spelt(stated) == stated
    assert not is_expression(stated)
    assert excludes_commercial_use(stated) is not False
    assert excludes_derivatives(stated) is not False


@pytest.mark.parametrize(
    ("stated", "commercial", "derivatives"),
    [
        ("cc-by-4.0", False, False),
        ("CC BY-NC 4.0", True, False),
        ("cc-by-nd-4.0", False, True),
        ("CC BY NC ND 2.0", True, True),
        ("CC-BY-NC", True, None),
        ("Attribution-NoDerivs", None, True),
        ("fair-noncommercial-research-license", True, None),
        ("for research purposes only", True, None),
        ("PolyForm-Noncommercial-1.0.0", True, False),
        ("LicenseRef-Acme", None, None),
        ("LicenseRef-Acme-non-commercial", True, None),
        ("BUSL-1.1", None, False),
        ("mit OR cc-by-nc-4.0", False, False),
        ("mit AND cc-by-nc-4.0", True, False),
        ("MIT AND (CC BY-NC 4.0 OR cc-by-nc-sa-3.0)", True, False),
        ("openrail OR MIT", False, False),
        ("openrail OR CC-BY-NC-4.0", None, False),
        ("openrail AND CC BY-NC-ND 4.0", True, True),
        ("cc-by-nc-4.0 WITH Classpath-exception-2.0", True, False),
    ],
)
def test_uses_that_a_licence_excludes(stated: str, commercial: bool | None, derivatives: bool | None) -> None:
    assert excludes_commercial_use(stated) is commercial
    assert excludes_derivatives(stated) is derivatives


@given(st.text("() ANDORcbyn-40.MIT", max_size=40))
def test_any_text_is_read_and_its_spelling_is_settled(text: str) -> None:
    assert spelt(spelt(text)) == spelt(text)
    assert excludes_commercial_use(text) == excludes_commercial_use(spelt(text))
    assert excludes_commercial_use(text) is not False or excludes_commercial_use(f"{text} AND openrail") is not False
