"""Croissant documents: what they say of a dataset as a whole, and of its records where they describe lineage by record.

A document that `provenance export --format croissant --rows` wrote states the births of samples by their ids, from the
file of rows beside it. Of a document of others, annotations of the records of this file (``equivalentProperty``
``prov:wasAttributedTo``, ``prov:wasGeneratedBy`` and ``prov:wasDerivedFrom``) are read from the row's columns, and what
it says of the whole holds for each row.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from provenance.capture.column_values import column_value
from provenance.capture.declaring.importers.interface import Importer, Request, Row, StatedSample, Statement
from provenance.capture.declaring.importers.json_files import json_document, member
from provenance.errors import DataError, ProvenanceError
from provenance.lineage.license_terms import spelt
from provenance.version import NAMESPACE

_OWN = "dvcprov:"
_LINEAGE = "lineage"
_AT_ONCE = 8192
_PROPERTIES = {"wasAttributedTo", "wasGeneratedBy", "wasDerivedFrom"}
_SPDX = "https://spdx.org/licenses/"
_COLUMNS = ("sample_id", "origin", "kind", "license", "parents", "parent_roles", "activity", "agent", "source")


class Croissant(Importer):
    """``using``: the document. ``part``: the name of the source, by default the document's ``name``."""

    def __init__(self, request: Request) -> None:
        super().__init__(request)
        if len(request.using) != 1:
            raise ProvenanceError("--from croissant reads one document: name it with --using")
        self._document = json_document(request.using[0])
        self._agents = _by_id(self._document, "prov:wasAttributedTo")
        self._activities = _by_id(self._document, "prov:wasGeneratedBy")
        self._sources = _by_id(self._document, "prov:wasDerivedFrom")
        self._rows = self._file_of_rows()
        self.states_samples = self._rows is not None and request.part is None
        if self.states_samples:
            self._read_identity()
            return
        self._whole = self._of_whole()
        self._annotations = dict(self._annotated_columns())
        if not self._whole and not self._annotations:
            raise ProvenanceError(f"{request.using[0]}: the document states nothing that is lineage")

    def state(self, row: Row) -> Statement:
        found = self._whole
        for name, column in self._annotations.items():
            if (value := column_value(row, column)) is not None:
                found = found | self._of_annotation(name, value)
        return found

    def samples(self) -> Iterator[StatedSample]:
        import pyarrow as pa
        import pyarrow.parquet as pq

        assert self._rows is not None
        try:
            with pq.ParquetFile(self._rows) as file:
                columns = [name for name in (*_COLUMNS, "content_bytes") if name in file.schema_arrow.names]
                for batch in file.iter_batches(_AT_ONCE, columns=columns):
                    for row in batch.to_pylist():
                        yield StatedSample(str(row["sample_id"]), row.get("content_bytes"), self._of_row(row))
        except (pa.ArrowException, OSError, KeyError) as error:
            raise DataError(self._rows, None, f"not a file of rows: {error}") from error

    def _of_row(self, row: Row) -> Statement:
        activity = self._activities.get(str(row.get("activity")), {})
        kind = activity.get(f"{_OWN}type")
        parents = {"parents": row.get("parents"), "parent_roles": row.get("parent_roles")} if row.get("parents") else {}
        if row.get("activity") is None:
            return {}
        if kind == "derivation":
            return {"license": row.get("license"), **parents}
        stated = {name: row.get(name) for name in ("origin", "kind", "license")} | parents
        if kind == "generation":
            return stated | self._model(self._agents.get(str(row.get("agent")), {}))
        return stated | self._source(self._sources.get(str(member(activity, "prov:used", "@id")), {}))

    def _of_annotation(self, name: str, value: Any) -> Statement:
        if name == "wasDerivedFrom":
            return {"parent_key": value} if self.request.key_column is not None else {}
        if name == "wasAttributedTo":
            return self._model(self._agents.get(str(value), {}))
        agent = member(self._activities.get(str(value), {}), "prov:wasAssociatedWith", "@id")
        return self._model(self._agents.get(str(agent), {}))

    def _model(self, agent: Mapping[str, Any]) -> Statement:
        if agent.get("@type") not in ("prov:SoftwareAgent", "SoftwareAgent"):
            return {}
        return {
            "model": _text(agent.get(f"{_OWN}name")) or _text(agent.get("prov:label")) or _text(agent.get("name")),
            "model_revision": _text(agent.get(f"{_OWN}revision")),
            "provider": _text(agent.get(f"{_OWN}provider")),
        }

    def _source(self, source: Mapping[str, Any]) -> Statement:
        return {
            "source": _text(source.get("prov:label")),
            "source_url": _text(source.get(f"{_OWN}location")),
            "publisher": _text(source.get(f"{_OWN}publisher")),
        }

    def _of_whole(self) -> Statement:
        """What is said of the dataset as a whole, and so of each row."""
        document = self._document
        license_ = _text(_first(document.get("license"))) or ""
        publisher = _first(document.get("publisher")) or _first(document.get("creator"))
        has_synthetic = document.get("rai:hasSyntheticData")
        stated = {
            "source": self.request.part or _text(document.get("name")),
            "source_url": _text(document.get("url")),
            "publisher": _text(member(publisher, "name")),
            "license": spelt(license_.removeprefix(_SPDX).removesuffix(".html")) if license_ else None,
            # That some rows are synthetic does not say which.
            "origin": "real" if has_synthetic in (False, "false", "False") else None,
        }
        return {name: value for name, value in stated.items() if value is not None}

    def _annotated_columns(self) -> Iterator[tuple[str, str]]:
        """The properties of PROV that annotate records of this dataset's file, and the columns that hold them."""
        files = {
            each.get("@id")
            for each in _objects(self._document, "distribution")
            if PurePosixPath(str(each.get("contentUrl") or each.get("name"))).name == self.request.data.name
        }
        for records in _objects(self._document, "recordSet"):
            for field in (*_objects(records, "annotation"), *_objects(records, "field")):
                name = str(field.get("equivalentProperty", "")).rpartition(":")[2]
                column = member(field, "source", "extract", "column")
                file = member(field, "source", "fileObject", "@id")
                if name in _PROPERTIES and isinstance(column, str) and file in files:
                    yield name, column

    def _file_of_rows(self) -> Path | None:
        """The file of rows that our own export wrote beside the document; None where there is no such file."""
        own = next((each for each in _objects(self._document, "recordSet") if each.get("@id") == _LINEAGE), None)
        if own is None or member(self._document, "@context", "dvcprov") != NAMESPACE:
            return None
        identifier = next((member(each, "source", "fileObject", "@id") for each in _objects(own, "field")), None)
        file = next((each for each in _objects(self._document, "distribution") if each.get("@id") == identifier), {})
        place = _text(file.get("contentUrl"))
        if place is None:
            return None
        # The document is not trusted: what it names is beside it or below.
        if PurePosixPath(place).is_absolute() or ".." in PurePosixPath(place).parts or ":" in place:
            raise ProvenanceError(f"{self.request.using[0]}: its file of rows, {place[:80]!r}, is not beside it")
        return self._whole_file(self.request.using[0].parent / place, file)

    def _whole_file(self, path: Path, file: Mapping[str, Any]) -> Path:
        from provenance.file_digests import sha256_of

        if not path.is_file():
            raise ProvenanceError(
                f"{path}: no such file; the document {self.request.using[0]} has lineage by row in it"
            )
        if sha256_of(path) != f"sha256:{file.get('sha256')}":
            raise DataError(path, None, f"not the file that {self.request.using[0]} describes: its SHA-256 is another")
        return path

    def _read_identity(self) -> None:
        identity = self._document.get(f"{_OWN}identity")
        fields = member(identity, "fields")
        self.digest = _text(member(identity, "digest"))
        self.content_fields = tuple(map(str, fields)) if isinstance(fields, list) else None


IMPORTER = Croissant


def _by_id(document: Mapping[str, Any], name: str) -> dict[str, Mapping[str, Any]]:
    return {str(each["@id"]): each for each in _objects(document, name) if "@id" in each}


def _objects(document: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """The objects under a name, of which JSON-LD writes a single one without a list."""
    found = document.get(name)
    return [each for each in (found if isinstance(found, list) else [found]) if isinstance(each, Mapping)]


def _first(value: Any) -> Any:
    return next(iter(value), None) if isinstance(value, list) else value


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value.strip() else None
