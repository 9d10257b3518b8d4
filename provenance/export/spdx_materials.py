"""What datasets are made of and by, as SPDX elements: sources, models with their training, and activities as builds."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from provenance.export.described import NAMESPACE, activities, generators, iri, sources
from provenance.export.spdx_elements import Elements

if TYPE_CHECKING:
    from provenance.export.described import Generator
    from provenance.export.subject import Subject
    from provenance.lineage.records import Activity

BUILD_TYPE = f"{NAMESPACE}build:dataset:v1"
_ALGORITHMS = ("sha256", "sha384", "sha512", "sha1", "md5")


def packages(elements: Elements, subject: Subject, roots: Sequence[str]) -> dict[str, str]:
    """The sources, as packages of data that the datasets descend from; their ids by those of lineage."""
    found = {}
    for used in sources(subject):
        source = used.source
        place = elements.add(
            "software_Package",
            iri("source", source.id),
            name=source.name,
            software_primaryPurpose="data",
            software_downloadLocation=source.url,
            comment=f"publisher: {source.publisher}" if source.publisher else None,
        )
        elements.license(place, "hasDeclaredLicense", used.license)
        found[source.id] = place
        for root in roots:
            elements.relate(root, "descendantOf", [place], f"{used.reached.words} of all datasets go back to it")
    return found


def models(elements: Elements, subject: Subject, roots: Sequence[str]) -> dict[str, str]:
    """The models that generated rows, as AI packages; their ids by those of lineage."""
    found = {}
    for generator in generators(subject):
        place = _model(elements, generator)
        found[generator.agent.id] = place
        elements.license(place, "hasDeclaredLicense", generator.license)
        elements.relate(place, "generates", roots, f"{generator.reached.words} of all datasets go back to it")
        _training(elements, subject, generator, place)
    return found


def builds(
    elements: Elements,
    subject: Subject,
    datasets: Mapping[str, str],
    materials: Mapping[str, str],
    tools: Mapping[str, str],
) -> None:
    """The activities as builds, with what went in and came out."""
    outputs = {dataset.path: {each.id for each in dataset.header.activities} for dataset in subject.datasets}
    for identifier, activity in activities(subject):
        build = elements.add("build_Build", iri("activity", identifier), **_build(identifier, activity))
        inputs = [materials[activity.source]] if activity.source else []
        elements.relate(build, "hasInput", [*inputs, *_files(elements, activity)])
        made = [datasets[path] for path, ids in outputs.items() if identifier in ids]
        elements.relate(build, "hasOutput", made, "rows of it, or what rows go back to")
        if activity.agent:
            elements.relate(build, "usesTool", [tools[activity.agent]])


def _model(elements: Elements, generator: Generator) -> str:
    agent = generator.agent
    algorithm, _, digits = (agent.weights_digest or "").partition(":")
    hashes = [{"type": "Hash", "algorithm": algorithm, "hashValue": digits}] if algorithm in _ALGORITHMS else None
    said = [f"terms of outputs: {terms}" for terms in generator.output_terms]
    said += [f"provider: {agent.provider}"] if agent.provider else []
    return elements.add(
        "ai_AIPackage",
        iri("agent", agent.id),
        name=agent.name,
        software_packageVersion=agent.revision,
        software_primaryPurpose="model",
        verifiedUsing=hashes,
        comment="\n".join(said) or None,
    )


def _training(elements: Elements, subject: Subject, generator: Generator, place: str) -> None:
    """What the register of models says of its base and of what it was trained on."""
    register = subject.register
    model = register.fitting(generator.agent.name, generator.agent.revision) if register else None
    if model is None:
        return
    trained_on = [
        elements.add(
            "software_Package",
            iri("dataset", f"{each.path}@{each.md5}"),
            name=each.path,
            software_primaryPurpose="data",
        )
        for each in model.trained_on
    ]
    trained_on += [
        elements.add("software_Package", iri("external", name), name=name, software_primaryPurpose="data")
        for name in model.trained_on_external
    ]
    elements.relate(place, "trainedOn", trained_on)
    if model.base:
        base = elements.add("ai_AIPackage", iri("model", model.base), name=model.base, software_primaryPurpose="model")
        elements.relate(place, "descendantOf", [base])


def _build(identifier: str, activity: Activity) -> dict[str, Any]:
    said = {
        "command": activity.command,
        "stage": activity.stage.name if activity.stage else None,
        "commit": activity.git.head if activity.git else None,
    }
    parameters = {**activity.parameters, **{key: value for key, value in said.items() if value}}
    return {
        "name": str(activity.type),
        "build_buildType": BUILD_TYPE,
        "build_buildId": identifier,
        "build_buildStartTime": activity.started and stamp(activity.started),
        "build_buildEndTime": activity.ended and stamp(activity.ended),
        "build_parameter": [_entry(key, value) for key, value in sorted(parameters.items())],
        "build_environment": [_entry(key, value) for key, value in sorted(activity.packages.items())],
    }


def stamp(moment: datetime) -> str:
    """SPDX's date and time: UTC, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _entry(key: str, value: Any) -> dict[str, str]:
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str)
    return {"type": "DictionaryEntry", "key": key, "value": text}


def _files(elements: Elements, activity: Activity) -> list[str]:
    """The files that the activity's stage read."""
    found = []
    for path, md5 in sorted(activity.stage.dependencies.items()) if activity.stage else ():
        is_file = md5 is not None and not md5.endswith(".dir")
        hashes = [{"type": "Hash", "algorithm": "md5", "hashValue": md5}] if is_file else None
        place = iri("file", f"{path}@{md5}" if md5 else path)
        found.append(elements.add("software_File", place, name=path, verifiedUsing=hashes))
    return found
