"""Croissant 1.1 with its RAI vocabulary 1.0: what NeurIPS, Hugging Face and dataset searches read.

The dataset as a whole stands inline; its rows are a RecordSet over the sidecar, in which what each row goes back to
annotates its id.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from provenance.export.checking import check_json, misspelt, not_installed, problems
from provenance.export.croissant_records import CONTEXT, files_of, record_sets, rows_file
from provenance.export.described import (
    activities,
    generators,
    iri,
    licenses,
    sources,
    stated_as,
    without_nothing,
)
from provenance.export.interface import Checked, Gap, Need, missing
from provenance.lineage.license_references import expression_of, is_listed
from provenance.report.json_document import json_text

if TYPE_CHECKING:
    from provenance.about import Party
    from provenance.export.subject import Subject
    from provenance.lineage.records import Activity

CONFORMS_TO = ("http://mlcommons.org/croissant/1.1", "http://mlcommons.org/croissant/RAI/1.0")
_NOT_STATED = "dvcprov:notStated"
# Required by Croissant 1.1, then by the profile of NeurIPS 2026.
_NEEDS = (
    Need("name", "name"),
    Need("description", "description"),
    Need("license", "license"),
    Need("url", "url"),
    Need("creators", "creator"),
    Need("published", "datePublished"),
    Need("limitations", "rai:dataLimitations"),
    Need("biases", "rai:dataBiases"),
    Need("personal_information", "rai:personalSensitiveInformation"),
    Need("use_cases", "rai:dataUseCases"),
    Need("social_impact", "rai:dataSocialImpact"),
)
_PROFILE = (
    *("rai:dataLimitations", "rai:dataBiases", "rai:personalSensitiveInformation", "rai:dataUseCases"),
    *("rai:dataSocialImpact", "rai:hasSyntheticData", "prov:wasDerivedFrom", "prov:wasGeneratedBy"),
)
_REQUIRED = ("name", "description", "license", "url", "creator", "datePublished")
# All terms of RAI 1.0, and those of PROV-O that are written here: mlcroissant passes over misspelt ones.
_RAI_TERMS = (
    *("dataCollection", "dataCollectionType", "dataCollectionMissingData", "dataCollectionRawData"),
    *("dataCollectionTimeframe", "dataImputationProtocol", "dataPreprocessingProtocol", "dataManipulationProtocol"),
    *("dataAnnotationProtocol", "dataAnnotationPlatform", "dataAnnotationAnalysis", "annotationsPerItem"),
    *("annotatorDemographics", "machineAnnotationTools", "dataBiases", "dataUseCases", "dataLimitations"),
    *("dataSocialImpact", "personalSensitiveInformation", "dataReleaseMaintenancePlan", "hasSyntheticData"),
)
_PROV_TERMS = (
    *("wasDerivedFrom", "wasGeneratedBy", "wasAttributedTo", "wasAssociatedWith", "startedAtTime", "endedAtTime"),
    *("label", "used", "hadPlan", "qualifiedAssociation", "agent"),
)


class Croissant:
    """The datasets as one `sc:Dataset`."""

    name = "croissant"
    media_type = "application/ld+json"
    size = "activities, models and sources; not rows"
    takes_samples = False
    takes_rows = True

    def gaps(self, subject: Subject) -> Sequence[Gap]:
        open_ = missing(subject, _NEEDS)
        if subject.totals.has_synthetic is None:
            open_.append(Gap("origin of every row", "rai:hasSyntheticData"))
        if not sources(subject):
            open_.append(Gap("a source", "prov:wasDerivedFrom"))
        if not activities(subject):
            open_.append(Gap("an activity", "prov:wasGeneratedBy"))
        return open_

    def write(self, subject: Subject, file: TextIO) -> None:
        file.write(json_text(_document(subject, self.gaps(subject))))

    def check(self, file: Path) -> Checked:
        return check_json(file, lambda document: problems(_own_rules(document)) + _by_mlcroissant(file))


def _document(subject: Subject, gaps: Sequence[Gap]) -> dict[str, Any]:
    about = subject.about
    document: dict[str, Any] = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": list(CONFORMS_TO),
        "name": subject.title,
        "description": about.description,
        "url": about.url,
        "license": _license(subject),
        "version": about.version,
        "datePublished": about.published and about.published.isoformat(),
        "citeAs": about.citation,
        "keywords": list(about.keywords),
        "inLanguage": list(about.languages),
        "creator": [_party(each) for each in about.creators],
        "publisher": about.provider and _party(about.provider),
        "rai:dataCollection": about.collection,
        "rai:dataLimitations": about.limitations,
        "rai:dataBiases": about.biases,
        "rai:personalSensitiveInformation": about.personal_information,
        "rai:dataUseCases": about.use_cases,
        "rai:dataSocialImpact": about.social_impact,
        "rai:dataReleaseMaintenancePlan": about.maintenance,
        "rai:hasSyntheticData": subject.totals.has_synthetic,
        "rai:machineAnnotationTools": _annotators(subject),
        "prov:wasDerivedFrom": list(_sources(subject)),
        "prov:wasGeneratedBy": [_activity(name, each) for name, each in activities(subject)],
        "prov:wasAttributedTo": list(_agents(subject)),
        "dvcprov:identity": _identity(subject),
        "dvcprov:composition": _composition(subject),
        "dvcprov:licenses": [
            {"expression": name, "statedAs": stated_as(subject).get(name), **amount.members}
            for name, amount in licenses(subject).items()
        ],
        "dvcprov:outputTerms": [
            {"terms": terms, **amount.members} for terms, amount in subject.totals.licences("output_terms").items()
        ],
        _NOT_STATED: [str(gap) for gap in gaps],
        "distribution": [
            *(each for dataset in subject.datasets for each in files_of(dataset)),
            *rows_file(subject.rows),
        ],
        "recordSet": list(record_sets(subject)),
    }
    return without_nothing(document)


def _license(subject: Subject) -> str | None:
    expression = expression_of(subject.about.license)
    if expression is None:
        return None
    if is_listed(expression) and " " not in expression:
        return f"https://spdx.org/licenses/{expression}"
    return subject.about.license_url or expression


def _party(party: Party) -> dict[str, Any]:
    kind = "sc:Person" if party.kind == "person" else "sc:Organization"
    return {"@type": kind, "name": party.name, "url": party.url, "email": party.email}


def _annotators(subject: Subject) -> list[str]:
    """Models that labelled rows, rather than wrote them."""
    labelling = ("judgement", "soft_label")
    classes = (each for dataset in subject.datasets for each in dataset.composition.birth_classes)
    return sorted({each.model for each in classes if each.kind in labelling and each.model})


def _sources(subject: Subject) -> Iterator[dict[str, Any]]:
    for used in sources(subject):
        yield {
            "@id": iri("source", used.source.id),
            "@type": "prov:Entity",
            "prov:label": used.source.name,
            "dvcprov:location": used.source.url,
            "dvcprov:license": used.license,
            "dvcprov:publisher": used.source.publisher,
            **_amount("dvcprov:", used.reached.members),
        }


def _activity(identifier: str, activity: Activity) -> dict[str, Any]:
    return {
        "@id": iri("activity", identifier),
        "@type": "prov:Activity",
        "prov:label": _label(activity),
        "dvcprov:type": str(activity.type),
        "prov:startedAtTime": activity.started and activity.started.isoformat(),
        "prov:endedAtTime": activity.ended and activity.ended.isoformat(),
        "prov:wasAssociatedWith": activity.agent and {"@id": iri("agent", activity.agent)},
        "prov:used": activity.source and {"@id": iri("source", activity.source)},
    }


def _label(activity: Activity) -> str:
    return f"{activity.type} ({activity.stage.name})" if activity.stage else str(activity.type)


def _agents(subject: Subject) -> Iterator[dict[str, Any]]:
    for generator in generators(subject):
        yield {
            "@id": iri("agent", generator.agent.id),
            "@type": "prov:SoftwareAgent",
            "prov:label": generator.label,
            "dvcprov:name": generator.agent.name,
            "dvcprov:revision": generator.agent.revision,
            "dvcprov:provider": generator.agent.provider,
            "dvcprov:license": list(generator.licenses),
            "dvcprov:terms": list(generator.output_terms),
            **_amount("dvcprov:", generator.reached.members),
        }


def _amount(prefix: str, members: dict[str, int]) -> dict[str, int]:
    return {f"{prefix}{name}": rows for name, rows in members.items()}


def _composition(subject: Subject) -> dict[str, Any]:
    groups = {
        name: [{"group": group, **amount.members} for group, amount in subject.totals.sure(name).items()]
        for name in ("by_origin", "by_kind", "by_model", "by_source", "by_license")
    }
    return {"rows": subject.totals.rows, "bytes": subject.totals.bytes, "tokens": subject.totals.tokens, **groups}


def _identity(subject: Subject) -> dict[str, Any] | None:
    """How sample ids were made of rows; left out where the datasets differ in it."""
    stated = [each.header.identity for each in subject.datasets]
    found = [{"digest": each.digest, "fields": sorted(each.fields)} for each in stated]
    return found[0] if all(each == found[0] for each in found) else None


def _own_rules(document: Any) -> Iterator[str]:
    """What mlcroissant lets pass: terms that do not exist, and required or profiled properties that are missing."""
    if not isinstance(document, dict):
        yield "the document is not a JSON object"
        return
    yield from misspelt(document, "rai:", _RAI_TERMS)
    yield from misspelt(document, "prov:", _PROV_TERMS)
    stated = document.get("conformsTo")
    if set(CONFORMS_TO) - {*(stated if isinstance(stated, list) else [stated])}:
        yield f"conformsTo: must name {' and '.join(CONFORMS_TO)}"
    said = " ".join(map(str, document.get(_NOT_STATED, [])))
    for name in (*_REQUIRED, *_PROFILE):
        if name not in document and f"(for {name})" not in said:
            yield f"{name}: missing"


def _by_mlcroissant(file: Path) -> Checked:
    if missing_package := not_installed("mlcroissant"):
        return missing_package
    import logging

    import mlcroissant

    level = logging.root.level
    logging.disable(logging.WARNING)
    try:
        mlcroissant.Dataset(jsonld=str(file))
    except Exception as error:  # noqa: BLE001 - whatever it finds wrong, and how
        lines = [" ".join(line.split()) for line in str(error).splitlines() if line.strip()]
        return problems(f"mlcroissant: {line}" for line in lines or [type(error).__name__])
    finally:
        logging.disable(logging.NOTSET)
        logging.root.setLevel(level)
    return Checked()


EXPORT = Croissant()
