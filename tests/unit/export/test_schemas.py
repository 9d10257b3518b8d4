"""Schemas of others are as they were published, and say so."""

import hashlib
from importlib.resources import files

from provenance.export.schemas import pinned, pinned_in

FOLDER = files("provenance.export.schemas")


def test_each_schema_has_its_source_licence_and_digest() -> None:
    stated = pinned("sources.json")
    folders = [folder for folder in FOLDER.iterdir() if folder.is_dir() and not folder.name.startswith("__")]
    found = {f"{folder.name}/{file.name}": file.read_bytes() for folder in folders for file in folder.iterdir()}
    assert {name: hashlib.sha256(content).hexdigest() for name, content in found.items()} == {
        name: each["sha256"] for name, each in stated.items()
    }
    assert all(each["source"].startswith("https://github.com/") and each["license"] for each in stated.values())


def test_schemas_of_a_folder_are_those_that_they_name() -> None:
    known = {schema["$id"] for schema in pinned_in("openlineage")}
    assert "https://openlineage.io/spec/2-0-2/OpenLineage.json" in known
    assert len(known) == 6
