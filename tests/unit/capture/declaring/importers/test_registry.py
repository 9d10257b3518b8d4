from __future__ import annotations

from pathlib import Path

import pytest
from support.plugged import toy_package

from provenance.capture.declaring import importers
from provenance.capture.declaring.importers.interface import Request
from provenance.errors import ProvenanceError


@pytest.fixture
def request_(tmp_path: Path) -> Request:
    return Request(tmp_path / "x.jsonl", "part", (), None, tmp_path)


def test_an_unknown_importer_is_reported_with_those_there_are(request_: Request) -> None:
    with pytest.raises(
        ProvenanceError, match="--from nothing: no such importer; there are columns, croissant, curator"
    ):
        importers.open_importer("nothing", request_)


def test_importers_of_others_are_entry_points(request_: Request, tmp_path: Path) -> None:
    with toy_package(tmp_path / "toy"):
        assert {"sheets", "columns"} <= {*importers.importer_names()}
        assert importers.open_importer("sheets", request_).state({})["model"] == "part"
        with pytest.raises(ProvenanceError, match="the plug-in broken = no.such.module:X .* cannot be loaded"):
            importers.open_importer("broken", request_)
        with pytest.raises(ProvenanceError, match="not a subclass of provenance.plugins.Importer; update or uninstall"):
            importers.open_importer("wrong", request_)
    assert "sheets" not in importers.importer_names()
