from __future__ import annotations

from pathlib import Path

import pytest

from provenance.errors import RepositoryError
from provenance.repository.paths import require_no_address


@pytest.mark.parametrize("given", ["s3://lake/a b.jsonl", "s3:/lake/a b.jsonl", Path("s3://lake/a b.jsonl")])
def test_an_address_is_refused_as_it_was_written(given: str | Path) -> None:
    with pytest.raises(RepositoryError, match="^s3://lake/a b.jsonl: an address") as refused:
        require_no_address(given)
    assert "`dvc import-url 's3://lake/a b.jsonl'`" in str(refused.value)


@pytest.mark.parametrize("given", ["data/a.jsonl", "/data/a.jsonl", "a:b/c", "a:1", "C:\\data", ".", ""])
def test_a_path_is_a_path(given: str) -> None:
    require_no_address(given)
