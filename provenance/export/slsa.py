"""SLSA provenance v1 in an in-toto Statement v1: which bytes came of which commands, files and commits.

The subjects are each dataset and its sidecar. It is not signed here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from provenance.attest.statement import STATEMENT
from provenance.export.checking import check_json, not_installed, problems
from provenance.export.described import (
    NAMESPACE,
    activities,
    generators,
    licenses,
    sources,
    stated_as,
    vocabulary,
    without_nothing,
)
from provenance.export.interface import Checked, Gap
from provenance.report.json_document import json_text
from provenance.version import __version__

if TYPE_CHECKING:
    from provenance.export.subject import ExportedDataset, Subject
    from provenance.lineage.records import Activity

PREDICATE = "https://slsa.dev/provenance/v1"
BUILD_TYPE = f"{NAMESPACE}build:dataset:v1"
BUILDER = f"{NAMESPACE}builder:recorded-by-dvc-provenance"
# What a directory's hash is of is DVC's list of its files.
_OF_DIRECTORIES = "dvcDirectoryMd5"
_DIGITS = {"sha256": 64, "md5": 32, _OF_DIRECTORIES: 32, "gitCommit": (40, 64)}


class Slsa:
    """The datasets and their sidecars as subjects of one statement."""

    name = "slsa"
    media_type = "application/vnd.in-toto+json"
    size = "datasets, activities and the files that stages read; not rows"
    takes_samples = False

    def gaps(self, subject: Subject) -> Sequence[Gap]:
        without = [each for each in subject.datasets if not _digests(each)]
        return [Gap("a hash of the data", f"the digest of {each.path}") for each in without]

    def write(self, subject: Subject, file: TextIO) -> None:
        file.write(json_text(statement(subject, self.gaps(subject))))

    def check(self, file: Path) -> Checked:
        return check_json(file, lambda document: problems(_own_rules(document)) + _by_in_toto(document))


def statement(subject: Subject, gaps: Sequence[Gap] = ()) -> dict[str, Any]:
    """The statement, which somebody may sign."""
    return {
        "_type": STATEMENT,
        "subject": [each for dataset in subject.datasets for each in _subjects(dataset)],
        "predicateType": PREDICATE,
        "predicate": without_nothing(_predicate(subject, gaps)),
    }


def _subjects(dataset: ExportedDataset) -> Iterator[dict[str, Any]]:
    if digests := _digests(dataset):
        yield {"name": dataset.path, "digest": digests}
    recorded = dataset.part.dataset.digest
    # DVC's hash of a folder is not the MD5 of what the SHA-256 is of.
    md5 = {"md5": recorded} if re.fullmatch("[0-9a-f]{32}", recorded) else {}
    yield {"name": dataset.sidecar_path, "digest": {"sha256": dataset.sidecar_sha256, **md5}}


def _digests(dataset: ExportedDataset) -> dict[str, str]:
    md5 = dataset.md5
    if dataset.is_directory:
        return {_OF_DIRECTORIES: str(md5).removesuffix(".dir")}
    sha256 = dataset.data_sha256
    return {**({"sha256": sha256} if sha256 else {}), **({"md5": md5} if md5 else {})}


def _predicate(subject: Subject, gaps: Sequence[Gap]) -> dict[str, Any]:
    known = activities(subject)
    times = [_utc(time) for _, each in known for time in (each.started, each.ended) if time]
    return {
        "buildDefinition": {
            "buildType": BUILD_TYPE,
            "externalParameters": {
                "datasets": [dataset.path for dataset in subject.datasets],
                "stages": list(_stages(known)),
            },
            "internalParameters": {
                "activities": [_activity(identifier, each) for identifier, each in known],
                "models": list(_models(subject)),
                "rows": subject.totals.rows,
                "rowsByOrigin": {name: amount.members for name, amount in subject.totals.sure("by_origin").items()},
                "licenses": {name: amount.members for name, amount in licenses(subject).items()},
                "licensesStatedAs": stated_as(subject),
                "outputTerms": {
                    terms: amount.members for terms, amount in subject.totals.licences("output_terms").items()
                },
                "notStated": [str(gap) for gap in gaps],
            },
            "resolvedDependencies": list(_dependencies(subject, known)),
        },
        "runDetails": {
            "builder": {"id": BUILDER, "version": {"dvc-provenance": __version__}},
            "metadata": {
                "startedOn": min(times).isoformat().replace("+00:00", "Z") if times else None,
                "finishedOn": max(times).isoformat().replace("+00:00", "Z") if times else None,
            },
        },
    }


def _utc(time: datetime) -> datetime:
    return time.astimezone(UTC)


def _stages(known: Sequence[tuple[str, Activity]]) -> Iterator[dict[str, Any]]:
    """Each stage run once: activities of one run share it."""
    seen: list[dict[str, Any]] = []
    for _, activity in known:
        if activity.stage is None:
            continue
        stage = {
            "name": activity.stage.name,
            "command": activity.stage.command,
            "parameters": {key: _plain(value) for key, value in sorted(activity.stage.parameters.items())},
        }
        if stage not in seen:
            seen.append(stage)
            yield stage


def _activity(identifier: str, activity: Activity) -> dict[str, Any]:
    return {
        "id": identifier,
        "type": str(activity.type),
        "stage": activity.stage and activity.stage.name,
        "command": activity.command,
        "commit": activity.git and activity.git.head,
        "uncommittedChanges": activity.git and activity.git.dirty,
        "parameters": {key: _plain(value) for key, value in sorted(activity.parameters.items())},
        "packages": dict(sorted(activity.packages.items())),
    }


def _plain(value: Any) -> Any:
    """As JSON has it, and protobuf's Struct: numbers of any size as they are, the rest as text."""
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    return str(value)


def _models(subject: Subject) -> Iterator[dict[str, Any]]:
    for generator in generators(subject):
        yield {
            "name": generator.label,
            "licenses": list(generator.licenses),
            "outputTerms": list(generator.output_terms),
            **generator.reached.members,
        }


def _dependencies(subject: Subject, known: Sequence[tuple[str, Activity]]) -> Iterator[dict[str, Any]]:
    """Commits, files that stages read, sources and weights, each once."""
    found: dict[str, dict[str, Any]] = {}
    for _, activity in known:
        if activity.git and activity.git.head:
            found[f"commit {activity.git.head}"] = {"name": "commit", "digest": {"gitCommit": activity.git.head}}
        for path, md5 in sorted(activity.stage.dependencies.items()) if activity.stage else ():
            found[f"file {path} {md5}"] = {"name": path, "digest": _file_digest(md5)}
    for used in sources(subject):
        annotations = {"license": used.license, "publisher": used.source.publisher}
        found[f"source {used.source.id}"] = {
            "name": used.source.name,
            "uri": used.source.url,
            "annotations": annotations,
        }
    for identifier, agent in sorted(vocabulary(subject).agents.items()):
        algorithm, _, digits = (agent.weights_digest or "").partition(":")
        if digits:
            found[f"weights {identifier}"] = {"name": agent.label, "digest": {algorithm: digits}}
    for name in sorted(found):
        yield found[name]


def _file_digest(md5: str | None) -> dict[str, str]:
    if md5 is None:
        return {}
    return {_OF_DIRECTORIES: md5.removesuffix(".dir")} if md5.endswith(".dir") else {"md5": md5}


def _own_rules(document: Any) -> Iterator[str]:
    """What the protobuf messages leave open: what is required, and digests that can be none."""
    if not isinstance(document, dict):
        yield "the document is not a JSON object"
        return
    if document.get("predicateType") != PREDICATE:
        yield f"predicateType: must be {PREDICATE}"
    predicate = document.get("predicate")
    definition = _member(predicate, "buildDefinition")
    for name in ("buildType", "externalParameters"):
        if not _member(definition, name):
            yield f"predicate.buildDefinition.{name}: missing"
    if not _member(_member(_member(predicate, "runDetails"), "builder"), "id"):
        yield "predicate.runDetails.builder.id: missing"
    listed = [*_list(document.get("subject")), *_list(_member(definition, "resolvedDependencies"))]
    for each in listed:
        yield from _wrong_digests(each)


def _wrong_digests(resource: Any) -> Iterator[str]:
    digests = _member(resource, "digest")
    for algorithm, digits in digests.items() if isinstance(digests, dict) else ():
        expected = _DIGITS.get(algorithm)
        lengths = expected if isinstance(expected, tuple) else (expected,)
        is_hex = re.fullmatch("[0-9a-f]+", str(digits)) is not None
        if not is_hex or (expected is not None and len(str(digits)) not in lengths):
            yield f"{_member(resource, 'name')}: {digits} is no {algorithm}"


def _member(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _by_in_toto(document: Any) -> Checked:
    if missing := not_installed("in-toto-attestation", "in_toto_attestation"):
        return missing
    from google.protobuf import json_format
    from in_toto_attestation.predicates.provenance.v1 import provenance_pb2
    from in_toto_attestation.v1 import statement_pb2
    from in_toto_attestation.v1.statement import Statement

    try:
        parsed = json_format.ParseDict(document, statement_pb2.Statement())
        Statement.copy_from_pb(parsed).validate()
        json_format.ParseDict(document["predicate"], provenance_pb2.Provenance())
    except Exception as error:  # noqa: BLE001 - whatever it finds wrong
        return Checked((f"in-toto-attestation: {' '.join(str(error).split())}",))
    return Checked()


EXPORT = Slsa()
