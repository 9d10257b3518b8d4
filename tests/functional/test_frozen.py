"""What earlier versions wrote can be read, and a change of what is written is a change of the format's version."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support import frozen

from provenance.attest.verdict_file import read_verdict
from provenance.identity import Identity
from provenance.identity.names import sidecar_path
from provenance.lineage.sidecar import open_sidecar

WHAT_NOW = "the format changed: so must its version; before the first release, `make frozen` does instead"


@pytest.mark.parametrize("sidecar", sorted(frozen.FROZEN.glob("sidecar-*/*.parquet")), ids=lambda path: path.name)
def test_frozen_sidecars_are_read(sidecar: Path) -> None:
    opened = open_sidecar(sidecar)
    assert opened.header.version == sidecar.parent.name.removeprefix("sidecar-")
    assert opened.header.identity.digest == Identity().digest
    assert opened.records == len(frozen.content(sidecar)[2]) > 0


@pytest.mark.parametrize("verdict", sorted(frozen.FROZEN.glob("verdict-*/*.json")), ids=lambda path: path.parent.name)
def test_frozen_verdicts_are_read(verdict: Path) -> None:
    read = read_verdict(verdict)
    assert (read.version, read.verdict.value, read.passes) == (1, "UNKNOWN", False)


def test_sidecars_are_written_as_those_of_this_version_were(tmp_path: Path) -> None:
    frozen.write_datasets(tmp_path)
    for dataset in frozen.DATASETS:
        name = Path(sidecar_path(dataset)).name
        assert frozen.content(tmp_path / name) == frozen.content(frozen.SIDECARS / name), WHAT_NOW


def test_parts_are_written_as_those_of_this_version_were(tmp_path: Path) -> None:
    written = frozen.write_sharded(tmp_path)
    assert frozen.content(written) == frozen.content(frozen.SHARDED / written.name), WHAT_NOW
    assert frozen.content(written)[1:] == frozen.content(frozen.SIDECARS / written.name)[1:]


def test_verdicts_are_written_as_those_of_this_version_were(tmp_path: Path) -> None:
    kept = json.loads((frozen.VERDICTS / frozen.VERDICT).read_text(encoding="utf-8"))
    assert frozen.format_of(frozen.write_verdict(tmp_path / "repository")) == frozen.format_of(kept), WHAT_NOW
