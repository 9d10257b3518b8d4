"""W3C PROV as PROV-JSON: entities, what generated them, what they were derived from, and to whom they are attributed.

A sample of our own documents (``urn:dvc-provenance:sample:…``) is known by its id, so a document of all samples states
the births of a dataset and of all that it goes back to. Entities of other programs are known by a column of the rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from provenance.capture.declaring.importers.interface import Request, Row, StatedSample, Statement
from provenance.capture.declaring.importers.keyed import KeyedImporter
from provenance.capture.declaring.importers.prov_facts import GENERAL, Facts, ProvFacts, attributes
from provenance.errors import ProvenanceError
from provenance.version import NAMESPACE

_SAMPLE = re.compile(re.escape(f"{NAMESPACE}sample:") + "([0-9a-f]+)")
_OWN = "dvcprov:"
_PARAMETER = f"{_OWN}gen_ai."
_TYPE = "prov:type"
_SOURCE = "prov:PrimarySource"
# What is said of a birth in our own words, and the field that it is.
_FIELDS = {
    "kind": "kind",
    "license": "license",
    "responseId": "response_id",
    "seed": "seed",
    "inputTokens": "input_tokens",
    "outputTokens": "output_tokens",
    "cost": "cost",
    "verdict": "verdict",
    "verifier": "verifier",
}


class ProvJson(KeyedImporter):
    """``using``: the document. ``part``: the column of each row's entity, as a qualified name, an IRI or the local part
    of its name; without it, rows are found by their sample ids.
    """

    def __init__(self, request: Request) -> None:
        if len(request.using) != 1:
            raise ProvenanceError("--from prov_json reads one document: name it with --using")
        super().__init__(request, request.part or "")
        self._facts = ProvFacts(request.using[0], request.workspace)
        self.states_samples = request.part is None
        if self.states_samples:
            self._read_identity()
        else:
            for name in self._facts.entities():
                self._enter(name)

    def state(self, row: Row) -> Statement:
        return {} if self.states_samples else self.found(row)

    def samples(self) -> Iterator[StatedSample]:
        for name in self._facts.entities():
            sample = self._sample(name)
            facts = self._facts.about(name)
            if sample is None:
                continue
            size = attributes(facts, "entity").get(f"{_OWN}contentBytes")
            births = [record["prov:specificEntity"] for record in facts.get(GENERAL, ())] or [name]
            for birth in births:
                yield StatedSample(sample, size, self._of_sample(birth))

    def close(self) -> None:
        self._facts.close()
        super().close()

    def _read_identity(self) -> None:
        """How the ids were made of rows, as our own documents say of the dataset."""
        for name in self._facts.entities():
            if self._facts.iri(name).startswith(f"{NAMESPACE}dataset:"):
                said = attributes(self._facts.about(name), "entity")
                fields = said.get(f"{_OWN}contentField", ())
                self.digest = said.get(f"{_OWN}digest")
                self.content_fields = tuple(fields) if isinstance(fields, list | tuple) else (fields,)

    def _sample(self, name: str) -> str | None:
        found = _SAMPLE.fullmatch(self._facts.iri(name))
        return found[1] if found else None

    def _of_sample(self, name: str) -> Statement:
        """What is said of one birth of a sample."""
        facts = self._facts.about(name)
        stated = self._birth(facts)
        roles: dict[str, Any] = {}
        for record in _derivations(facts):
            if (sample := self._sample(record["prov:usedEntity"])) is not None:
                roles.setdefault(sample, record.get(f"{_OWN}role"))
        return {**stated, "parents": list(roles), "parent_roles": list(roles.values())} if roles else stated

    def _enter(self, name: str) -> None:
        """Enter what is said of an entity under each name that a row may have for it, with its parents named alike."""
        facts = self._facts.about(name)
        stated = self._birth(facts)
        parents = [record["prov:usedEntity"] for record in _derivations(facts)]
        for called in (str, self._facts.iri, _local):
            keys = {"parent_key": [called(each) for each in parents]} if parents and self.request.key_column else {}
            if stated or keys:
                self.enter(called(name), {**stated, **keys}, joined=True)

    def _birth(self, facts: Facts) -> Statement:
        """What is stated of the entity, but for its parents."""
        said = attributes(facts, "entity")
        activity_name = next((record.get("prov:activity") for record in facts.get("wasGeneratedBy", ())), None)
        activity = self._facts.about(activity_name) if activity_name else {}
        kind = attributes(activity, "activity").get(_TYPE)
        stated: Statement = {field: said.get(_OWN + name) for name, field in _FIELDS.items()}
        if kind == f"{_OWN}derivation":
            # The rest follows from its parents.
            return {"license": stated["license"]} if stated["license"] else {}
        if kind != f"{_OWN}collection":
            stated |= self._generator(facts, activity)
        if kind != f"{_OWN}generation":
            stated |= self._source(facts, activity)
        origin = said.get(f"{_OWN}origin")
        # Of what nothing generated, nobody said where it is from.
        stated["origin"] = None if activity_name is None and origin == "unknown" else origin
        return {name: value for name, value in stated.items() if value is not None}

    def _generator(self, facts: Facts, activity: Facts) -> Statement:
        """The software to which the entity is attributed, with its prompt template and its parameters."""
        for record in facts.get("wasAttributedTo", ()):
            agent = attributes(self._facts.about(record["prov:agent"]), "agent")
            if _has_type(agent, "prov:SoftwareAgent"):
                found = {
                    "model": agent.get(f"{_OWN}name") or agent.get("prov:label") or _local(record["prov:agent"]),
                    "model_revision": agent.get(f"{_OWN}revision"),
                    "provider": agent.get(f"{_OWN}provider"),
                }
                return found | self._plan(activity) | _parameters(activity)
        return {}

    def _plan(self, activity: Facts) -> Statement:
        for record in activity.get("wasAssociatedWith", ()):
            if plan := record.get("prov:plan"):
                said = attributes(self._facts.about(plan), "entity")
                return {"template": said.get("prov:value"), "prompt_name": said.get("prov:label")}
        return {}

    def _source(self, facts: Facts, activity: Facts) -> Statement:
        """Where the entity is from: its primary source, or what its collection used."""
        named = [record["prov:usedEntity"] for record in facts.get("wasDerivedFrom", ()) if _is_source(record)]
        if attributes(activity, "activity").get(_TYPE) == f"{_OWN}collection":
            named += [record.get("prov:entity") for record in activity.get("used", ())]
        for name in named:
            said = attributes(self._facts.about(name), "entity")
            if not self._facts.iri(name).startswith(f"{NAMESPACE}file:"):
                return {
                    "source": said.get("prov:label") or _local(name),
                    "source_url": said.get(f"{_OWN}location") or said.get("prov:location"),
                    "publisher": said.get(f"{_OWN}publisher"),
                }
        return {}


IMPORTER = ProvJson


def _derivations(facts: Facts) -> list[Mapping[str, Any]]:
    """The records of what an entity was made from, its source apart."""
    return [record for record in facts.get("wasDerivedFrom", ()) if not _is_source(record)]


def _is_source(record: Mapping[str, Any]) -> bool:
    return _has_type(attributes({"it": [record]}, "it"), _SOURCE)


def _has_type(said: Mapping[str, Any], wanted: str) -> bool:
    types = said.get(_TYPE)
    return wanted in (types if isinstance(types, list) else [types])


def _parameters(activity: Facts) -> Statement:
    said = attributes(activity, "activity")
    return {unquote(name.removeprefix(_OWN)): value for name, value in said.items() if name.startswith(_PARAMETER)}


def _local(name: str) -> str:
    return unquote(name.partition(":")[2] or name)
