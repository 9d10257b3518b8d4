from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.sidecars import ledger_of, record, write

from provenance.errors import UnknownReferenceError
from provenance.ledger.references import resolve
from provenance.repository import Repository

IDS = ["00" * 16, "abcdef" + "0" * 26, "abcdef1" + "0" * 25, "ff" * 16, "f" * 31 + "e", "fffffe" + "f" * 26]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sample_id=st.sampled_from(IDS), digits=st.integers(6, 32))
def test_a_prefix_names_what_begins_so(repository: Repository, tmp_path: Path, sample_id: str, digits: int) -> None:
    prefix = sample_id[:digits]
    fits = [each for each in IDS if each.startswith(prefix)]
    with ledger_of(repository, write(tmp_path, "a.jsonl", [record(each) for each in IDS])) as ledger:
        if len(fits) == 1:
            assert resolve(ledger, prefix.upper()) == sample_id
            return
        with pytest.raises(UnknownReferenceError, match="more than one") as raised:
            resolve(ledger, prefix)
    assert all(each in str(raised.value) for each in fits)


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("123456", "no sample id in this revision"),
        ("abcde", "neither a sample id"),
        ("", "neither a sample id"),
        ("data.jsonl:", "neither a sample id"),
        ("data.jsonl:x", "neither a sample id"),
        ("a" * 129, "neither a sample id"),
    ],
)
def test_what_names_nothing_is_an_error(repository: Repository, tmp_path: Path, reference: str, message: str) -> None:
    with (
        ledger_of(repository, write(tmp_path, "a.jsonl", [record(each) for each in IDS])) as ledger,
        pytest.raises(UnknownReferenceError, match=message),
    ):
        resolve(ledger, reference)
