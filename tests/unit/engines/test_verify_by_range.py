"""`verify` by tasks finds what `verify` here finds, of sidecars that are damaged in every way."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.damaged import damaged
from support.verified import verified

from provenance.errors import SidecarError


def test_each_kind_of_damage_is_found_alike(tmp_path: Path) -> None:
    names = []
    for each in damaged(tmp_path):
        names.append(each.name)
        if each.refused is not None:
            with pytest.raises(SidecarError, match=each.refused):
                verified(each.data, each.sidecar, "mix.jsonl", None)
            continue
        found = [problem.problem for problem in verified(each.data, each.sidecar, "mix.jsonl", None)]
        assert bool(found) == bool(each.said), (each.name, found)
        left = iter(found)
        for said in each.said:
            assert any(said in problem for problem in left), (each.name, said, found)
    assert len(names) == len(set(names)) > 10
