from __future__ import annotations

from importlib import metadata
from pathlib import Path

import pytest

from provenance.capture.declaring import importers
from provenance.capture.declaring.importers.interface import Importer, Request, Row, Statement
from provenance.errors import ProvenanceError


class Theirs(Importer):
    """An importer of a third party."""

    def state(self, row: Row) -> Statement:
        return {"model": self.request.part}


@pytest.fixture
def request_(tmp_path: Path) -> Request:
    return Request(tmp_path / "x.jsonl", "part", (), None, tmp_path)


def test_an_unknown_importer_is_told_with_those_there_are(request_: Request) -> None:
    with pytest.raises(ProvenanceError, match="--from nothing: no such importer; there are columns, curator"):
        importers.open_importer("nothing", request_)


def test_importers_of_others_are_entry_points(request_: Request, monkeypatch: pytest.MonkeyPatch) -> None:
    def entry_points(*, group: str, name: str | None = None) -> list[metadata.EntryPoint]:
        found = [
            metadata.EntryPoint("theirs", f"{__name__}:Theirs", importers.ENTRY_POINTS),
            metadata.EntryPoint("broken", "no.such.module:X", importers.ENTRY_POINTS),
        ]
        return [point for point in found if group == point.group and name in (None, point.name)]

    monkeypatch.setattr(importers, "entry_points", entry_points)
    monkeypatch.setitem(__import__("sys").modules, __name__, __import__("types").SimpleNamespace(Theirs=Theirs))
    assert "theirs" in importers.importer_names()
    assert importers.open_importer("theirs", request_).state({}) == {"model": "part"}
    with pytest.raises(ProvenanceError, match="importer broken .* cannot be loaded"):
        importers.open_importer("broken", request_)
