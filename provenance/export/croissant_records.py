"""The files and record sets of a Croissant document, and its JSON-LD context."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from provenance.export.described import NAMESPACE, plain_identifier
from provenance.lineage.manifest import stating_file

if TYPE_CHECKING:
    from provenance.export.lineage_rows import RowsFile
    from provenance.export.subject import ExportedDataset, Subject

CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "prov": "http://www.w3.org/ns/prov#",
    "dvcprov": NAMESPACE,
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "name": {"@container": "@language"},
    "description": {"@container": "@language"},
    # Of our own, and no linked data.
    **{
        f"dvcprov:{name}": {"@id": f"dvcprov:{name}", "@type": "@json"}
        for name in ("composition", "identity", "licenses", "outputTerms")
    },
    **{
        name: f"cr:{name}"
        for name in (
            *("annotation", "arrayShape", "citeAs", "column", "containedIn", "equivalentProperty", "extract", "field"),
            *("fileProperty", "fileObject", "fileSet", "format", "includes", "isArray", "isLiveDataset", "jsonPath"),
            *("key", "md5", "parentField", "path", "recordSet", "references", "regex", "repeated", "replace"),
            *("samplingRate", "separator", "source", "subField", "transform"),
        )
    },
}
_ENCODINGS = {
    ".jsonl": "application/jsonlines",
    ".json": "application/json",
    ".csv": "text/csv",
    ".tsv": "text/tab-separated-values",
    ".parquet": "application/x-parquet",
    ".arrow": "application/vnd.apache.arrow.file",
    ".tar": "application/x-tar",
}
_PARQUET = "application/x-parquet"
_OTHER = "application/octet-stream"
# Columns of the sidecar that people ask of a row, and their types. The ids are bytes in Parquet.
_FIELDS = (
    ("sample_id", "sc:Text", "the sample's id: digest of its canonical content"),
    ("rows", "sc:Integer", "rows of the dataset that were certainly born this way; 0 on an ancestor"),
    ("possible_rows", "sc:Integer", "how many more may have been"),
    ("origin", "sc:Text", "real, synthetic, mixed or unknown"),
    ("kind", "sc:Text", "how a model made it"),
    ("depth", "sc:Integer", "generation depth: 0 is real"),
    ("license", "sc:Text", "the row's own licence; where there is none, its source's applies"),
    ("evidence", "sc:Text", "how it is known: observed or declared"),
)
_ANNOTATIONS = (
    ("parents", "sc:Text", "prov:wasDerivedFrom", "ids of the samples that it was made from"),
    ("activity", "sc:Integer", "prov:wasGeneratedBy", "number of the activity in the sidecar's footer"),
    ("agent", "sc:Integer", "prov:wasAttributedTo", "number of the model in the sidecar's footer"),
)


def files_of(dataset: ExportedDataset) -> Iterator[dict[str, Any]]:
    path = dataset.path
    if dataset.is_directory:
        yield {
            "@type": "cr:FileSet",
            "@id": plain_identifier(path),
            "name": path,
            "encodingFormat": _OTHER,
            "includes": f"{path}/**",
            "dvcprov:md5": dataset.md5,
        }
    else:
        yield {
            "@type": "cr:FileObject",
            "@id": plain_identifier(path),
            "name": path,
            "contentUrl": path,
            "contentSize": f"{dataset.header.dataset.size} B",
            "encodingFormat": _ENCODINGS.get(Path(path).suffix, _OTHER),
            "md5": dataset.md5,
        }
    yield from _sidecar(dataset)


def _sidecar(dataset: ExportedDataset) -> Iterator[dict[str, Any]]:
    path, said = dataset.sidecar_path, "the lineage of each sample"
    file = stating_file(dataset.part.dataset.file)
    stated = {"contentSize": f"{file.stat().st_size} B", "sha256": dataset.sidecar_sha256}
    if dataset.part.dataset.sidecar.layout is None:
        named = {"@id": plain_identifier(path), "name": path, "description": said, "contentUrl": path}
        yield {"@type": "cr:FileObject", **named, "encodingFormat": _PARQUET, **stated}
        return
    yield {
        "@type": "cr:FileSet",
        "@id": plain_identifier(path),
        "name": path,
        "description": said,
        "encodingFormat": _PARQUET,
        "includes": f"{path}/part-*.parquet",
        "dvcprov:md5": dataset.part.dataset.digest,
    }
    name = f"{path}/{file.name}"
    named = {"@id": plain_identifier(name), "name": name, "description": "names the parts", "contentUrl": name}
    yield {"@type": "cr:FileObject", **named, "encodingFormat": "application/json", **stated}


def rows_file(rows: RowsFile | None) -> Iterator[dict[str, Any]]:
    if rows is not None:
        yield {
            "@type": "cr:FileObject",
            "@id": plain_identifier(rows.name),
            "name": rows.name,
            "description": "the lineage of each sample, of all datasets",
            "contentUrl": rows.name,
            "contentSize": f"{rows.size} B",
            "encodingFormat": _PARQUET,
            "sha256": rows.sha256,
        }


def record_sets(subject: Subject) -> Iterator[dict[str, Any]]:
    """A record for each birth of a sample: from the file of rows, else from each sidecar."""
    if subject.rows is not None:
        more = (("dataset", "sc:Text", "path of the dataset"),)
        said = f"how each sample of {subject.title}, and each of their ancestors, came to be"
        # Every relation is a field besides: mlcroissant reads no annotations.
        relations = [(name, "sc:Text", said_of) for name, _, _, said_of in _ANNOTATIONS]
        kinds = {"depth": "sc:Text"}
        fields = [(name, kinds.get(name, kind), text) for name, kind, text in (*more, *_FIELDS)]
        source = {"fileObject": {"@id": plain_identifier(subject.rows.name)}}
        yield _record_set("lineage", said, source, [*fields, *relations], as_text=True)
        return
    for dataset in subject.datasets:
        said = f"how each sample of {dataset.path}, and each of their ancestors, came to be"
        kind = "fileObject" if dataset.part.dataset.sidecar.layout is None else "fileSet"
        source = {kind: {"@id": plain_identifier(dataset.sidecar_path)}}
        yield _record_set(f"{plain_identifier(dataset.path)}/lineage", said, source, _FIELDS)


def _record_set(
    own: str, said: str, source: Mapping[str, Any], fields: Sequence[tuple[str, str, str]], *, as_text: bool = False
) -> dict[str, Any]:
    def field(name: str, kind: str, description: str, equivalent: str | None = None, place: str = "") -> dict[str, Any]:
        return {
            "@type": "cr:Field",
            "@id": f"{own}/{place}{name}",
            "name": name,
            "description": description,
            "dataType": kind,
            "equivalentProperty": equivalent,
            "isArray": True if name == "parents" else None,
            "arrayShape": "-1" if name == "parents" else None,
            "source": {**source, "extract": {"column": name}},
        }

    annotations = [
        field(name, "sc:Text" if as_text else kind, text, equivalent, "provenance/" if as_text else "")
        for name, kind, equivalent, text in _ANNOTATIONS
    ]
    return {
        "@type": "cr:RecordSet",
        "@id": own,
        "name": own,
        "description": said,
        "field": [field(*each) for each in fields],
        "annotation": annotations,
    }
