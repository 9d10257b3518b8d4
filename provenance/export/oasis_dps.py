"""OASIS Data Provenance Metadata 1.0 (committee specification draft): set, source, provenance and use."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO
from urllib.parse import urlsplit

from provenance.export.checking import by_schema, check_json, is_time, problems
from provenance.export.described import (
    activities,
    generators,
    iri,
    licenses,
    short_digest,
    sources,
    stated_as,
    without_nothing,
)
from provenance.export.interface import Checked, Gap, Need, missing
from provenance.export.schemas import pinned
from provenance.export.totals import NONE
from provenance.lineage.license_references import expression_of
from provenance.report.json_document import json_text
from provenance.version import __version__

if TYPE_CHECKING:
    from datetime import date

    from provenance.about import Party
    from provenance.export.described import UsedSource
    from provenance.export.subject import Subject

SCHEMA = "https://docs.oasis-open.org/dps/prov-meta/v1.0/schema/data-provenance.json"
_NEEDS = (
    Need("provider", "set.publisher, source.issuer"),
    Need("name", "set.label, source.name"),
    Need("version", "set.tracking.version, source.data-version"),
    Need("published", "set.tracking.current-release-date, provenance.date"),
    Need("first_published", "set.tracking.initial-release-date"),
    Need("description", "source.about.content"),
    Need("use_cases", "source.about.purpose"),
    Need("limitations", "source.about.scope"),
    Need("url", "source.location"),
    Need("countries", "provenance.origin-geography"),
    Need("purposes", "use.intended-purpose"),
    Need("license", "use.license"),
)
# How the kinds of sources are called there; of all others it has no word.
_METHODS = {"crawled": "web-scraping-crawling", "user": "user-generated-content"}
_FORMATS = {
    ".json": "application/json",
    ".jsonl": "application/json",
    ".csv": "text/csv",
    ".txt": "text/plain",
    ".zip": "application/zip",
}
_DRAFT_2020 = "https://json-schema.org/draft/2020-12/schema"


class OasisDps:
    """One metadata set about all datasets."""

    name = "oasis-dps"
    media_type = "application/json"
    size = "models, sources and groups of rows; not rows"
    takes_samples = False

    def gaps(self, subject: Subject) -> Sequence[Gap]:
        open_ = missing(subject, _NEEDS)
        provider = subject.about.provider
        if provider is not None and provider.url is None:
            open_.append(Gap("provider.url", "set.publisher.namespace"))
        unstated = [used.source.name for used in sources(subject) if used.facts is None]
        return [*open_, *(Gap(f"sources: kind of {name}", "provenance.generation-method") for name in unstated)]

    def write(self, subject: Subject, file: TextIO) -> None:
        file.write(json_text(without_nothing(_document(subject, self.gaps(subject)))))

    def check(self, file: Path) -> Checked:
        # Its dialect only says that formats are to be looked at, which they are.
        schema = {**pinned("oasis/data-provenance.json"), "$schema": _DRAFT_2020}
        return check_json(file, lambda document: by_schema(document, schema) + problems(_own_rules(document)))


def _document(subject: Subject, gaps: Sequence[Gap]) -> dict[str, Any]:
    about = subject.about
    return {
        "$schema": SCHEMA,
        "set": {
            "category": "dataset lineage",
            "schema-version": "1.0",
            "publisher": about.provider and _publisher(about.provider),
            "label": subject.title,
            "language": "en",
            "tracking": _tracking(subject, is_whole=not gaps),
            "notes": list(_notes(subject, gaps)),
        },
        "source": {
            "about": {"content": about.description, "purpose": about.use_cases, "scope": about.limitations},
            "id": {"hashes": list(_hashes(subject))},
            "issuer": about.provider and [_organisation(about.provider)],
            "location": about.url,
            "name": subject.title,
            "data-version": about.version,
        },
        "provenance": {
            "origin": [{"legal-name": name} for name in _publishers(subject)],
            "origin-geography": [{"country": name} for name in about.countries],
            "date": about.published and about.published.isoformat(),
            "generation-period": _period(subject),
            "generation-method": list(_methods(subject)),
            "format": sorted({_FORMATS.get(Path(each.path).suffix, "other") for each in subject.datasets}),
        },
        "use": {
            "license": [license_] if (license_ := expression_of(about.license)) else [],
            "intended-purpose": [
                {"code": code, "long-description": about.use_cases or code} for code in about.purposes
            ],
        },
    }


def _publisher(party: Party) -> dict[str, Any]:
    details = [each for each in (party.email, party.address) if each]
    return {"name": party.name, "namespace": party.url, "contact-details": ", ".join(details) or None}


def _organisation(party: Party) -> dict[str, Any]:
    return {"legal-name": party.name, "url": party.url, "address": [party.address] if party.address else []}


def _tracking(subject: Subject, *, is_whole: bool) -> dict[str, Any]:
    about = subject.about
    revisions = [] if about.published is None else [_revision(about.published, about.version)]
    hashes = " ".join(f"{dataset.path}@{dataset.md5}" for dataset in subject.datasets)
    return {
        "current-release-date": about.published and _midnight(about.published),
        "initial-release-date": about.first_published and _midnight(about.first_published),
        "id": iri("set", short_digest(hashes)),
        "revision-history": revisions,
        "status": "final" if is_whole else "draft",
        "version": about.version,
        "generator": {"engine": {"name": "dvc-provenance", "version": __version__}},
    }


def _revision(published: date, version: str | None) -> dict[str, Any]:
    return {"date": _midnight(published), "number": version, "summary": f"Version {version or 'not stated'}."}


def _midnight(day: date) -> str:
    return datetime.combine(day, time(), UTC).isoformat().replace("+00:00", "Z")


def _notes(subject: Subject, gaps: Sequence[Gap]) -> Iterator[dict[str, str]]:
    totals = subject.totals
    rows = [f"{name}: {amount.words}" for name, amount in totals.sure("by_origin").items()]
    yield _note("Composition", [f"rows in all: {totals.rows}", *rows])
    models = [
        f"{each.label}: {each.reached.words}; license: {', '.join(each.licenses) or 'not stated'}"
        for each in generators(subject)
    ]
    if models:
        yield _note("Models that rows go back to", models)
    found = [f"{name}: {amount.words}" for name, amount in licenses(subject).items()]
    if found:
        yield _note("Licences of content that apply to rows", found)
    if terms := [f"{name}: {amount.words}" for name, amount in totals.licences("output_terms").items()]:
        yield _note("What models impose on their outputs, and on which rows", terms)
    if texts := [f"{name} was stated as: {text}" for name, text in stated_as(subject).items()]:
        yield _note("Licences that SPDX does not list", texts)
    if gaps:
        yield _note("Not stated", [str(gap) for gap in gaps])


def _note(title: str, lines: Sequence[str]) -> dict[str, str]:
    return {"category": "details", "title": title, "text": "\n".join(lines)}


def _hashes(subject: Subject) -> Iterator[dict[str, Any]]:
    for dataset in subject.datasets:
        known = {"sha256": dataset.data_sha256, "md5": None if dataset.is_directory else dataset.md5}
        values = [{"algorithm": name, "value": digits} for name, digits in known.items() if digits]
        if dataset.is_directory:
            values.append({"algorithm": "dvc-directory-md5", "value": str(dataset.md5).removesuffix(".dir")})
        if values:
            yield {"path": dataset.path, "tree-hashes": values}
        yield {
            "path": dataset.sidecar_path,
            "tree-hashes": [{"algorithm": "sha256", "value": dataset.sidecar_sha256}],
        }


def _publishers(subject: Subject) -> list[str]:
    return sorted({used.source.publisher for used in sources(subject) if used.source.publisher})


def _period(subject: Subject) -> dict[str, str]:
    """From the first to the last time that is recorded of an activity."""
    times = [each for _, activity in activities(subject) for each in (activity.started, activity.ended) if each]
    if not times:
        return {}
    ends = {"start": min(times), "end": max(times)}
    return {name: each.astimezone(UTC).isoformat().replace("+00:00", "Z") for name, each in ends.items()}


def _methods(subject: Subject) -> Iterator[dict[str, str]]:
    totals = subject.totals
    if totals.made.at_most_rows:
        names = ", ".join(each.label for each in generators(subject)) or "a model that is not recorded"
        yield _method("machine-generated-ml-ops", f"{totals.made.words} written or labelled by {names}")
    augmented = totals.by("by_kind").get("augmentation", NONE)
    if augmented.at_most_rows:
        yield _method("data-augmentation", augmented.words)
    for used in sources(subject):
        yield _collected(used)
    unknown = totals.by("by_origin").get("unknown", NONE)
    if unknown.at_most_rows:
        yield _method("other", f"of {unknown.words} it is not known how they came to be")


def _collected(used: UsedSource) -> dict[str, str]:
    kind = used.facts.kind if used.facts else None
    how = f"; {used.facts.description}" if used.facts and used.facts.description else ""
    said = f"{used.reached.words} that go back to {used.source.name}{how}"
    return _method(_METHODS.get(kind or "", "other"), said)


def _method(code: str, description: str) -> dict[str, str]:
    return {"code": code, "long-description": description}


def _own_rules(document: Any) -> Iterator[str]:
    """Formats that the schema names and no installed checker need look at: times, and addresses."""
    groups = [document.get(name) if isinstance(document, dict) else None for name in ("set", "source")]
    collected, source = (group if isinstance(group, dict) else {} for group in groups)
    tracking = collected.get("tracking")
    for name in ("current-release-date", "initial-release-date"):
        stated = tracking.get(name) if isinstance(tracking, dict) else None
        if stated is not None and not is_time(stated):
            yield f"set.tracking.{name}: {stated} is no time"
    publisher = collected.get("publisher")
    addresses = {
        "set.publisher.namespace": publisher.get("namespace") if isinstance(publisher, dict) else None,
        "source.location": source.get("location"),
    }
    for name, address in addresses.items():
        if address is not None and not urlsplit(str(address)).scheme:
            yield f"{name}: {address} is no URI"


EXPORT = OasisDps()
