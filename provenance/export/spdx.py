"""SPDX 3.0.1: a bill of materials of datasets, with the profiles Dataset and Build and the models as AI packages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from provenance.export.checking import check_json, not_installed, problems
from provenance.export.described import NAMESPACE, iri, short_digest
from provenance.export.interface import Checked, Gap, Need, missing
from provenance.export.spdx_elements import Elements
from provenance.export.spdx_materials import builds, models, packages, stamp
from provenance.lineage.license_references import expression_of
from provenance.report.json_document import json_text
from provenance.version import __version__

if TYPE_CHECKING:
    from provenance.about import Party
    from provenance.export.subject import ExportedDataset, Subject

CONTEXT = "https://spdx.org/rdf/3.0.1/spdx-context.jsonld"
_NEEDS = (
    Need("name", "SpdxDocument.name"),
    Need("published", "created, releaseTime"),
    Need("url", "downloadLocation"),
    Need("license", "hasDeclaredLicense"),
    Need("modalities", "dataset_datasetType"),
    Need("use_cases", "dataset_intendedUse"),
    Need("biases", "dataset_knownBias"),
    Need("collection", "dataset_dataCollectionProcess"),
    Need("personal_information", "dataset_hasSensitivePersonalInformation"),
)
# What the profile Dataset asks of each DatasetPackage.
_REQUIRED = (
    *("builtTime", "originatedBy", "releaseTime", "software_downloadLocation", "software_primaryPurpose"),
    "dataset_datasetType",
)
_NOT_STATED = "not stated: "
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


class Spdx:
    """One `SpdxDocument` about all datasets."""

    name = "spdx"
    media_type = "application/spdx+json"
    size = "activities, models and sources; not rows"
    takes_samples = False

    def gaps(self, subject: Subject) -> Sequence[Gap]:
        open_ = missing(subject, _NEEDS)
        if _originator(subject) is None:
            open_.append(Gap("provider", "originatedBy"))
        if any(_built(dataset) is None for dataset in subject.datasets):
            open_.append(Gap("the time of an activity", "builtTime"))
        return open_

    def write(self, subject: Subject, file: TextIO) -> None:
        file.write(json_text(_document(subject, self.gaps(subject))))

    def check(self, file: Path) -> Checked:
        return check_json(file, lambda document: problems(_own_rules(document)) + _by_spdx_model(file))


def _document(subject: Subject, gaps: Sequence[Gap]) -> dict[str, Any]:
    elements = Elements(stated=subject)
    author = elements.add("Tool", iri("tool", "dvc-provenance"), name=f"dvc-provenance {__version__}")
    originator = _originator(subject)
    agent = "SoftwareAgent" if originator is None else _kind(originator)
    named = "dvc-provenance" if originator is None else originator.name
    creator = elements.add(agent, iri("party", named), name=named)
    roots = [_dataset(elements, subject, dataset, creator if originator else None) for dataset in subject.datasets]
    sources = packages(elements, subject, roots)
    generators = models(elements, subject, roots)
    builds(elements, subject, dict(zip(_paths(subject), roots, strict=True)), sources, generators)
    comments = [_NOT_STATED + str(gap) for gap in gaps]
    return {
        "@context": CONTEXT,
        "@graph": [
            {
                "type": "CreationInfo",
                "@id": "_:creation",
                "specVersion": "3.0.1",
                "created": stamp(_created(subject)),
                "createdBy": [creator],
                "createdUsing": [author],
            },
            {
                "type": "SpdxDocument",
                "spdxId": iri("document", short_digest(" ".join(roots))),
                "creationInfo": "_:creation",
                "name": subject.title,
                **({"comment": "\n".join(comments)} if comments else {}),
                "profileConformance": ["core", "software", "dataset", "build", "simpleLicensing"],
                "rootElement": roots,
                "element": [each["spdxId"] for each in elements.all],
            },
            *elements.all,
        ],
    }


def _paths(subject: Subject) -> list[str]:
    return [dataset.path for dataset in subject.datasets]


def _created(subject: Subject) -> datetime:
    """When it was published; else the last thing that is known to have happened. Not now: same inputs, same bytes."""
    if subject.about.published is not None:
        return datetime.combine(subject.about.published, time(), UTC)
    return max((each for dataset in subject.datasets if (each := _built(dataset))), default=_NEVER)


def _built(dataset: ExportedDataset) -> datetime | None:
    times = (each.ended or each.started for each in dataset.header.activities)
    return max((each for each in times if each is not None), default=None)


def _originator(subject: Subject) -> Party | None:
    return subject.about.provider or next(iter(subject.about.creators), None)


def _kind(party: Party) -> str:
    return "Person" if party.kind == "person" else "Organization"


def _dataset(elements: Elements, subject: Subject, dataset: ExportedDataset, originator: str | None) -> str:
    about, built = subject.about, _built(dataset)
    types = [each if each in ("text", "image", "audio", "video") else "other" for each in about.modalities]
    members = {
        "name": dataset.path,
        "description": about.description,
        "software_packageVersion": about.version,
        "software_primaryPurpose": "data",
        "software_downloadLocation": about.url,
        "originatedBy": [originator] if originator else None,
        "builtTime": built and stamp(built),
        "releaseTime": about.published and stamp(datetime.combine(about.published, time(), UTC)),
        "verifiedUsing": list(_hashes(dataset)),
        "dataset_datasetType": types or ["noAssertion"],
        "dataset_datasetSize": dataset.header.dataset.size,
        "dataset_intendedUse": about.use_cases,
        "dataset_knownBias": [about.biases] if about.biases else None,
        "dataset_dataCollectionProcess": about.collection,
        "dataset_hasSensitivePersonalInformation": "noAssertion" if about.personal_information else None,
        "comment": _said(subject, dataset),
    }
    package = elements.add("dataset_DatasetPackage", iri("dataset", f"{dataset.path}@{dataset.md5}"), **members)
    elements.license(package, "hasDeclaredLicense", expression_of(about.license))
    # Which licences apply together is never computed.
    elements.license(package, "hasConcludedLicense", None)
    return package


def _hashes(dataset: ExportedDataset) -> Iterator[dict[str, str]]:
    known = {"sha256": dataset.data_sha256, "md5": None if dataset.is_directory else dataset.md5}
    for algorithm, digits in known.items():
        if digits:
            yield {"type": "Hash", "algorithm": algorithm, "hashValue": digits}


def _said(subject: Subject, dataset: ExportedDataset) -> str:
    """What SPDX has no property for: rows by origin, personal information in words, terms with the rows they touch."""
    lines = [f"rows: {dataset.composition.rows}", f"lineage: {dataset.sidecar_path}, sha256 {dataset.sidecar_sha256}"]
    for name, share in dataset.composition.by_origin.items():
        bounds = share.rows, share.at_most_rows
        lines.append(f"{name}: {bounds[0]}" if bounds[0] == bounds[1] else f"{name}: {bounds[0]} to {bounds[1]} rows")
    for group in ("licenses", "output_terms"):
        lines += [f"{name}: {amount.words}" for name, amount in dataset.licences[group].items()]
    if subject.about.personal_information:
        lines.append(f"personal information: {subject.about.personal_information}")
    return "\n".join(lines)


def _own_rules(document: Any) -> Iterator[str]:
    """What the profile Dataset asks for and no shape does."""
    graph = document.get("@graph") if isinstance(document, dict) else None
    if not isinstance(graph, list):
        yield "@graph: missing"
        return
    objects = [each for each in graph if isinstance(each, dict)]
    said = " ".join(str(each.get("comment", "")) for each in objects if each.get("type") == "SpdxDocument")
    if document.get("@context") != CONTEXT:
        yield f"@context: must be {CONTEXT}"
    known = {each.get("spdxId") for each in objects}
    for each in objects:
        if each.get("type") == "dataset_DatasetPackage":
            yield from _incomplete(each, objects, said)
        for target in (each.get("from"), *(each.get("to") or ())):
            if isinstance(target, str) and target.startswith(NAMESPACE) and target not in known:
                yield f"{each.get('spdxId')}: {target} is no element of the document"


def _incomplete(package: dict[str, Any], objects: Sequence[dict[str, Any]], said: str) -> Iterator[str]:
    for name in _REQUIRED:
        if not package.get(name) and name.rpartition("_")[2] not in said:
            yield f"{package.get('name')}: {name}: missing, which the profile Dataset asks for"
    for relation in ("hasDeclaredLicense", "hasConcludedLicense"):
        found = [each for each in objects if each.get("relationshipType") == relation]
        if len([each for each in found if each.get("from") == package.get("spdxId")]) != 1:
            yield f"{package.get('name')}: must have one relationship {relation}"


def _by_spdx_model(file: Path) -> Checked:
    if missing_package := not_installed("spdx-python-model", "spdx_python_model"):
        return missing_package
    import io

    from spdx_python_model import v3_0_1 as model

    try:
        objects = model.SHACLObjectSet()
        with open(file, "rb") as opened:
            model.JSONLDDeserializer().read(opened, objects)
        # What must be there is looked at on writing.
        model.JSONLDSerializer().write(objects, io.BytesIO())
    except Exception as error:  # noqa: BLE001 - whatever it finds wrong
        return Checked((f"spdx-python-model: {' '.join(str(error).split())}",))
    unknown = sorted(objects.link())
    return problems(f"spdx-python-model: {each} is not in the document" for each in unknown if NAMESPACE in each)


EXPORT = Spdx()
