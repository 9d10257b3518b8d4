from __future__ import annotations

import contextlib
import json
from datetime import date
from pathlib import Path

import pytest
from support.project import Project

from provenance.auditing.audited import Audit
from provenance.auditing.request import Request
from provenance.cli.audit_terminal import Terminal
from provenance.report.formats import FORMATS
from provenance.report.interface import Format, write_file
from provenance.report.json_document import JsonDocument
from provenance.repository import Repository

NOTHING = Audit(Request(datasets=()), (), None, None, (), None, (), date(2030, 1, 1))


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    root = Project.new(tmp_path_factory.mktemp("formats") / "repository").root
    with contextlib.chdir(root):
        return Repository.open()


def test_each_format_is_registered_by_its_own_name(repository: Repository) -> None:
    assert {name: make(repository).name for name, make in FORMATS.items()} == {name: name for name in FORMATS}


def test_formats_of_one_audit_are_texts(repository: Repository) -> None:
    formats: list[Format] = [Terminal(tables=True), *(make(repository) for make in FORMATS.values())]
    written = {form.name: form.write(NOTHING) for form in formats}
    assert written["terminal"].endswith("not judged: no --policy was given, such as --policy baseline\n")
    assert (written["markdown"], json.loads(written["metrics"])) == ("", {})
    assert json.loads(written["json"]) == NOTHING.as_json()
    assert json.loads(written["sarif"])["runs"][0]["results"] == []


def test_a_file_holds_what_the_format_writes(tmp_path: Path) -> None:
    write_file(tmp_path / "audit.json", JsonDocument(), NOTHING)
    assert (tmp_path / "audit.json").read_text(encoding="utf-8") == JsonDocument().write(NOTHING)
