"""OpenLineage 2-0-2: a RunEvent for each run of a stage, and a DatasetEvent for a dataset that no stage made.

Each is a line of JSON; the sidecar, where lineage is row by row, is linked by its digest.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from provenance.errors import ProvenanceError
from provenance.export.checking import by_schema, is_time, problems
from provenance.export.described import NAMESPACE, generators, licenses, without_nothing
from provenance.export.interface import Checked, Gap, Need, missing
from provenance.export.schemas import pinned_in
from provenance.export.stage_runs import runs, stages_of
from provenance.version import __version__

if TYPE_CHECKING:
    from provenance.export.stage_runs import Run
    from provenance.export.subject import ExportedDataset, Subject
    from provenance.ledger.datasets import RecordedDataset

PRODUCER = f"{NAMESPACE}producer:{__version__}"
_SPEC = "https://openlineage.io/spec"
_EVENTS = f"{_SPEC}/2-0-2/OpenLineage.json#/$defs"
_FACETS = {
    "sourceCodeLocation": f"{_SPEC}/facets/1-1-0/SourceCodeLocationJobFacet.json#/$defs/SourceCodeLocationJobFacet",
    "jobType": f"{_SPEC}/facets/2-0-4/JobTypeJobFacet.json#/$defs/JobTypeJobFacet",
    "version": f"{_SPEC}/facets/1-0-1/DatasetVersionDatasetFacet.json#/$defs/DatasetVersionDatasetFacet",
    "outputStatistics": (
        f"{_SPEC}/facets/1-0-2/OutputStatisticsOutputDatasetFacet.json#/$defs/OutputStatisticsOutputDatasetFacet"
    ),
    "executionParameters": (
        f"{_SPEC}/facets/1-0-0/ExecutionParametersRunFacet.json#/$defs/ExecutionParametersRunFacet"
    ),
}
# Of our own: in `facets`, as some receivers drop `outputFacets` that they do not know.
_LINEAGE = "dvcProvenance_lineage"
_LINEAGE_SCHEMA = f"{NAMESPACE}openlineage:lineage-facet:1"
_NEEDS = (Need("repository", "namespace, sourceCodeLocation"),)
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


class OpenLineage:
    """One event a line."""

    name = "openlineage"
    media_type = "application/x-ndjson"
    size = "runs of stages and the files that they read; not rows"
    takes_samples = False

    def gaps(self, subject: Subject) -> Sequence[Gap]:
        open_ = missing(subject, _NEEDS)
        timeless = [run.name for run in runs(subject) if run.time is None]
        timeless += [each.path for each in _unstaged(subject) if _time(each) is None]
        return [*open_, *(Gap("a time", f"eventTime of {name}") for name in dict.fromkeys(timeless))]

    def write(self, subject: Subject, file: TextIO) -> None:
        for event in events(subject, self.gaps(subject)):
            file.write(json.dumps(event) + "\n")

    def check(self, file: Path) -> Checked:
        found = Checked()
        count = 0
        with open(file, encoding="utf-8") as lines:
            for count, line in enumerate(lines, 1):
                try:
                    event = json.loads(line)
                except ValueError as error:
                    return Checked((f"line {count}: not JSON: {error}",))
                found += _checked(event)
                if found.problems:
                    break
        return Checked(found.problems, tuple(dict.fromkeys(found.not_checked))) + problems(_none(count))

    def send(self, subject: Subject) -> int:
        """Send the events by OpenLineage's own client, which its environment variables configure; their number.

        Raises:
            ProvenanceError: the client is not installed or not configured, or an event was not accepted.
        """
        return _send(list(events(subject, self.gaps(subject))))


def events(subject: Subject, gaps: Sequence[Gap] = ()) -> Iterator[dict[str, Any]]:
    """The events, runs first."""
    known, unstaged = runs(subject), _unstaged(subject)
    times = [*(run.time for run in known), *(_time(dataset) for dataset in unstaged)]
    # Of what no time is known of it is the latest that is: which that is stands among the gaps.
    latest = max((time for time in times if time is not None), default=_NEVER)
    exported = {dataset.path: dataset for dataset in subject.datasets}
    for run in known:
        yield without_nothing(_event(subject, run, run.time or latest, exported, gaps))
    for dataset in unstaged:
        described = _dataset(subject.about.repository or "dvc", dataset.part.dataset, dataset, subject, gaps)
        yield without_nothing({**_base("DatasetEvent", _time(dataset) or latest), "dataset": described})


def _unstaged(subject: Subject) -> list[ExportedDataset]:
    stages = stages_of(subject)
    return [dataset for dataset in subject.datasets if stages.get(dataset.path) is None]


def _time(dataset: ExportedDataset) -> datetime | None:
    """The last time that is recorded of anything that it goes back to."""
    times = (activity.ended or activity.started for activity in dataset.header.activities)
    return max((time for time in times if time is not None), default=None)


def _base(kind: str, time: datetime) -> dict[str, Any]:
    return {"eventTime": time.isoformat(), "producer": PRODUCER, "schemaURL": f"{_EVENTS}/{kind}"}


def _event(
    subject: Subject, run: Run, time: datetime, exported: dict[str, ExportedDataset], gaps: Sequence[Gap]
) -> dict[str, Any]:
    namespace = subject.about.repository or "dvc"
    parameters = [{"key": key, "value": _text(value)} for key, value in sorted(run.parameters.items())]
    parameters += [{"key": "command", "value": run.command}] if run.command else []
    return {
        **_base("RunEvent", time),
        "eventType": "COMPLETE",
        "run": {
            "runId": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{NAMESPACE}run:{run.key}")),
            "facets": {"executionParameters": parameters and _facet("executionParameters", parameters=parameters)},
        },
        "job": {
            "namespace": namespace,
            "name": run.name,
            "facets": {
                "jobType": _facet("jobType", processingType="BATCH", integration="DVC", jobType="STAGE"),
                "sourceCodeLocation": _location(subject, run),
            },
        },
        "inputs": [
            {"namespace": namespace, "name": path, "facets": {"version": md5 and _facet("version", datasetVersion=md5)}}
            for path, md5 in sorted(run.inputs.items())
        ],
        "outputs": [
            {**_dataset(namespace, each, exported.get(path), subject, gaps), "outputFacets": _statistics(each)}
            for path, each in sorted(run.outputs.items())
        ],
    }


def _facet(name: str, **members: Any) -> dict[str, Any]:
    return {"_producer": PRODUCER, "_schemaURL": _FACETS[name], **members}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str)


def _location(subject: Subject, run: Run) -> dict[str, Any] | None:
    repository = subject.about.repository
    if repository is None:
        return None
    members = {"version": run.commit} if run.commit else {}
    return _facet("sourceCodeLocation", type="git", url=repository, repoUrl=repository, **members)


def _dataset(
    namespace: str,
    dataset: RecordedDataset,
    exported: ExportedDataset | None,
    subject: Subject,
    gaps: Sequence[Gap],
) -> dict[str, Any]:
    md5 = dataset.md5 or dataset.sidecar.header.dataset.md5
    facets = {"version": md5 and _facet("version", datasetVersion=md5)}
    if exported is not None:
        facets[_LINEAGE] = _lineage(exported, subject, gaps)
    return {"namespace": namespace, "name": dataset.path, "facets": facets}


def _statistics(dataset: RecordedDataset) -> dict[str, Any]:
    described = dataset.sidecar.header.dataset
    return {"outputStatistics": _facet("outputStatistics", rowCount=described.rows, size=described.size)}


def _lineage(dataset: ExportedDataset, subject: Subject, gaps: Sequence[Gap]) -> dict[str, Any]:
    """What the exported dataset is made of, and where that is recorded row by row."""
    share = dataset.composition.by_origin
    return {
        "_producer": PRODUCER,
        "_schemaURL": _LINEAGE_SCHEMA,
        "sidecar": dataset.sidecar_path,
        "sidecarSha256": dataset.sidecar_sha256,
        "rowsByOrigin": {
            name: {"atLeastRows": each.rows, "atMostRows": each.at_most_rows} for name, each in share.items()
        },
        "ofAllDatasets": {
            "models": {each.label: each.reached.members for each in generators(subject)},
            "licenses": {name: amount.members for name, amount in licenses(subject).items()},
            "outputTerms": {terms: amount.members for terms, amount in subject.totals.licences("output_terms").items()},
        },
        "notStated": [str(gap) for gap in gaps],
    }


def _checked(event: Any) -> Checked:
    kind = "DatasetEvent" if isinstance(event, dict) and "dataset" in event else "RunEvent"
    found = by_schema(event, {"$ref": f"{_EVENTS}/{kind}"}, _registry())
    return found + _facets_checked(event) + problems(_own_rules(event))


def _registry() -> Any:
    """The pinned schemas by their ids, so that nothing is fetched."""
    try:
        from referencing import Registry, Resource
    except ModuleNotFoundError:
        return None
    resources = [Resource.from_contents(schema) for schema in pinned_in("openlineage")]
    return Registry().with_resources([(str(each.id()), each) for each in resources])


def _facets_checked(event: Any) -> Checked:
    """Each facet against the schema that it names; the event's own schema lets them be anything."""
    found = Checked()
    known = {schema["$id"]: schema for schema in pinned_in("openlineage")}
    for facet in _facets_of(event):
        address, _, place = str(facet.get("_schemaURL")).partition("#")
        if address in known:
            found += by_schema(facet, {"$ref": f"{address}#{place}"}, _registry())
    return found


def _facets_of(event: Any) -> Iterator[dict[str, Any]]:
    if not isinstance(event, dict):
        return
    holders = [
        event.get("run"),
        event.get("job"),
        event.get("dataset"),
        *(event.get("inputs") or []),
        *(event.get("outputs") or []),
    ]
    for holder in holders:
        for kind in ("facets", "inputFacets", "outputFacets"):
            facets = holder.get(kind) if isinstance(holder, dict) else None
            for facet in facets.values() if isinstance(facets, dict) else ():
                if isinstance(facet, dict):
                    yield facet


def _own_rules(event: Any) -> Iterator[str]:
    """Facets under names that belong to others, which a receiver would take for something else; and what is no time."""
    if isinstance(event, dict) and not is_time(event.get("eventTime")):
        yield f"eventTime: {event.get('eventTime')} is no time"
    standard = {name: address.partition("#")[0] for name, address in _FACETS.items()}
    holders = [event.get("job"), event.get("run")] if isinstance(event, dict) else []
    for holder in holders:
        for name, facet in ((holder or {}).get("facets") or {}).items():
            stated = str(facet.get("_schemaURL")) if isinstance(facet, dict) else ""
            if name in standard and not stated.startswith(standard[name]):
                yield f"{name}: its _schemaURL is not that facet's"


def _none(count: int) -> Iterator[str]:
    if not count:
        yield "there is no event in it"


def _send(found: Sequence[dict[str, Any]]) -> int:
    try:
        from openlineage.client import OpenLineageClient
    except ModuleNotFoundError as error:
        raise ProvenanceError("OpenLineage's client is not installed: `pip install openlineage-python`") from error
    try:
        client = OpenLineageClient()
        if client.transport.kind in ("console", "noop"):
            raise ProvenanceError(
                "OpenLineage's client has nowhere to send to; set OPENLINEAGE_URL, or one of its other variables"
            )
        for event in found:
            client.emit(_of_client(event))
        client.close()
    except ProvenanceError:
        raise
    except Exception as error:
        why = " ".join(str(error).split())
        raise ProvenanceError(f"OpenLineage's client could not send: {type(error).__name__}: {why}") from error
    return len(found)


def _of_client(event: dict[str, Any]) -> Any:
    """The event as an object of the client's."""
    from openlineage.client import event_v2

    base = {"eventTime": event["eventTime"], "producer": event["producer"]}
    if "dataset" in event:
        return event_v2.DatasetEvent(**base, dataset=event_v2.StaticDataset(**event["dataset"]))
    inputs: list[Any] = [event_v2.InputDataset(**each) for each in event.get("inputs", ())]
    outputs: list[Any] = [event_v2.OutputDataset(**each) for each in event.get("outputs", ())]
    return event_v2.RunEvent(
        **base,
        eventType=event_v2.RunState.COMPLETE,
        run=event_v2.Run(**event["run"]),
        job=event_v2.Job(**event["job"]),
        inputs=inputs,
        outputs=outputs,
    )


EXPORT = OpenLineage()
