from __future__ import annotations

import warnings
from typing import Any

import pytest

from provenance.capture.stated_license import StatedLicenses, stated_license
from provenance.errors import ProvenanceError, ProvenanceWarning


def test_what_spdx_spells_is_recorded_without_a_word(recwarn: pytest.WarningsRecorder) -> None:
    assert stated_license("license", "cc by-nc 4.0") == "CC-BY-NC-4.0"
    assert stated_license("license", "LicenseRef-ours") == "LicenseRef-ours"
    assert stated_license("license", None) is None
    assert not recwarn.list


def test_what_is_no_expression_is_recorded_as_stated_and_said() -> None:
    with pytest.warns(
        ProvenanceWarning, match="license: 'ask us' is not an SPDX expression, .* LicenseRef-NAME"
    ) as said:
        assert stated_license("license", "ask us") == "ask us"
    assert [each.filename for each in said] == [__file__]


def test_a_secret_is_not_repeated() -> None:
    secret = "-".join(("sk", "proj", "0aB1cD2eF3gH4iJ5kL6mN7oP8qR9"))
    with pytest.warns(ProvenanceWarning) as said:
        stated_license("license", f"ours, key {secret}")
    assert secret not in str(said[0].message)


@pytest.mark.parametrize("given", ["", "  ", 3, True, ["MIT"]])
def test_what_is_blank_or_no_text_is_refused(given: Any) -> None:
    with pytest.raises(ProvenanceError, match="license: expected .*; give an SPDX expression, such as CC-BY-4.0"):
        stated_license("license", given)


def test_of_many_rows_there_is_one_warning() -> None:
    licenses = StatedLicenses()
    assert [licenses.spelt(each) for each in ("mit", "ask us", "see the site", "GPL")] == [
        *("MIT", "ask us", "see the site", "GPL")
    ]
    with pytest.warns(ProvenanceWarning, match="license: 'ask us', of 3 rows, is not an SPDX expression") as said:
        licenses.tell("license")
    assert len(said) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        StatedLicenses().tell("license")
