"""What is known of a sample's birth: the vocabulary, as pydantic models.

The names follow W3C PROV (activity, agent, plan, derivation), OpenTelemetry GenAI (``gen_ai.*`` parameters) and
IPTC/C2PA (digital source type). Ids of activities, agents and plans are digests of what they describe, so that the
same activity read from two sidecars is one.
"""

from __future__ import annotations

import hashlib
import json
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, PlainSerializer

from provenance.lineage import words
from provenance.money import amount_text

Origin = words.Origin
Kind = words.Kind
Evidence = words.Evidence
ActivityType = words.ActivityType


class SourceType(StrEnum):
    """IPTC/C2PA digital source types, by their short code; `iri` gives the whole term."""

    TRAINED_ALGORITHMIC_DATA = "trainedAlgorithmicData"
    COMPOSITE_WITH_TRAINED_ALGORITHMIC_MEDIA = "compositeWithTrainedAlgorithmicMedia"
    DIGITAL_CREATION = "digitalCreation"
    HUMAN_EDITS = "humanEdits"
    ALGORITHMICALLY_ENHANCED = "algorithmicallyEnhanced"

    @property
    def iri(self) -> str:
        if self is SourceType.TRAINED_ALGORITHMIC_DATA:
            return f"http://c2pa.org/digitalsourcetype/{self.value}"
        return f"http://cv.iptc.org/newscodes/digitalsourcetype/{self.value}"


Count = Annotated[int, Field(ge=0, lt=2**63)]


class _Stored(BaseModel):
    """A part of a sidecar's header. What a newer minor version of the format added is kept and written on."""

    model_config = ConfigDict(frozen=True, extra="allow")


class _Described(_Stored):
    """A frozen description whose id is a digest of all that it says."""

    @property
    def id(self) -> str:
        """First 16 hex digits of the SHA-256 of this description's JSON (sorted keys, nulls left out)."""
        described = self.model_dump(mode="json", exclude_none=True)
        text = json.dumps(described, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


class Agent(_Described):
    """A generator: a model, as exactly as it is known. An undisclosed model is an agent named ``undisclosed``."""

    type: Literal["model"] = "model"
    name: str
    revision: str | None = None
    provider: str | None = None
    weights_digest: str | None = Field(default=None, description="'sha256:…' of the local weights file")
    license: str | None = Field(default=None, description="SPDX expression of the weights' licence")
    output_terms: str | None = Field(default=None, description="what the generator's terms impose on its outputs")

    @property
    def label(self) -> str:
        """What a model is called in selectors, groups and pictures: NAME@REVISION, or NAME where none is known."""
        return f"{self.name}@{self.revision}" if self.revision else self.name


class Plan(_Described):
    """A prompt template. Rendered text is not kept here."""

    name: str
    template: str


class Source(_Described):
    """Where collected data comes from."""

    name: str
    url: str | None = None
    license: str | None = None
    publisher: str | None = None
    collected_at: datetime | None = None


class GitState(_Stored):
    """The commit that was checked out while the activity ran, and whether the tree, but for dvc.lock, differed."""

    head: str | None = None
    dirty: bool | None = None


class StageRun(_Stored):
    """The DVC stage an activity ran in. ``dependencies`` maps paths (from the DVC root) to DVC's hashes."""

    name: str
    command: str | None = None
    dependencies: dict[str, str | None] = Field(default_factory=dict)
    parameters: dict[str, Any] = Field(default_factory=dict)


class Price(_Stored):
    """What a million tokens of the activity's model cost, by the table at ``table`` (from the DVC root).

    ``version`` and ``dated`` are the table's own, ``digest`` is ``sha256:…`` of its file. ``currency``: ISO 4217 code.
    """

    currency: str
    input: Decimal
    output: Decimal
    table: str
    version: str
    dated: date
    digest: str


class RejectedCalls(_Stored):
    """What the calls took whose results were rejected: sums over those of them of which it is known; None: of none.

    ``cost`` is what was reported, else tokens times the activity's price, in the currency of that price if there is
    one.
    """

    calls: Count
    input_tokens: Count | None = None
    output_tokens: Count | None = None
    cost: Decimal | None = None


class Activity(_Described):
    """What made samples: a collection, a generation by a model, or a derivation without a model; or a purge.

    A purge took samples out of the dataset; its records are their tombstones, and ``parameters`` name the
    ``revocation`` and the ``reason``.

    ``agent``, ``plan`` and ``source`` are the ids of an `Agent`, a `Plan` and a `Source`. ``parameters`` bear
    OpenTelemetry's ``gen_ai.*`` names. ``aligned_on``: the content fields on which rows were aligned with parents;
    ``renamed``: those of them that the parents have under other names, with these. ``keyed_on``: the column by which
    parents were found, as `provenance.yaml` says.
    ``rejected``: how many results were not good enough to be rows, by reason; ``rejected_calls``: what these took.
    ``taken_over``: the activities, by id, that made rows which this one took over from an earlier version of its
    dataset instead of making them again, each with DVC's hash of that version.
    """

    type: ActivityType
    agent: str | None = None
    plan: str | None = None
    source: str | None = None
    parameters: dict[str, Any] = Field(default_factory=dict)
    aligned_on: tuple[str, ...] | None = None
    renamed: dict[str, str] | None = None
    keyed_on: str | None = None
    price: Price | None = None
    rejected: dict[str, int] | None = None
    rejected_calls: RejectedCalls | None = None
    taken_over: dict[str, str] | None = None
    stage: StageRun | None = None
    command: str | None = None
    git: GitState | None = None
    packages: dict[str, str] = Field(default_factory=dict)
    started: AwareDatetime | None = None
    ended: AwareDatetime | None = None


class Record(BaseModel):
    """One lineage record as it stands in a sidecar, its activity spelt out. Ids are hex digits.

    ``rows``: how many rows of the dataset were certainly born this way; 0 on an ancestor. ``possible_rows``: how
    many more may have been. ``ambiguous_rows``, on a sample's first record: how many of its rows may have been born
    in several ways. ``by_marks``: the sample's rows are told apart by what they have besides their content.
    ``calls``: how many births, equal in all that is stated, the record stands for. ``doubts``: what the births that
    its parents may have had differ in. ``content_bytes``: length of the content's canonical
    form in bytes; None for a parent that was named but never seen. ``agent`` and ``source`` are those whose content
    the sample bears: the activity's own, or, through derivations without a model, those of the parents where these
    agree. ``depth`` counts model steps and is None, as ``real_rooted`` may be, where an ancestor is unknown.
    ``chain_evidence`` is the weakest evidence of the record and of all that it goes back to; None where something
    there is unexplained.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    sample_id: str
    rows: int
    possible_rows: int
    ambiguous_rows: int
    by_marks: bool
    calls: int
    doubts: tuple[str, ...]
    content_bytes: int | None
    tokens: int | None
    origin: Origin
    kind: Kind | None
    source_type: SourceType | None
    activity: Activity | None
    agent: Agent | None
    plan: Plan | None
    source: Source | None
    parents: tuple[str, ...]
    parent_roles: tuple[str, ...]
    prompt: str | None
    prompt_text: str | None
    response_id: str | None
    seed: int | None
    input_tokens: int | None
    output_tokens: int | None
    cost: Annotated[Decimal, PlainSerializer(amount_text, when_used="json")] | None
    verdict: str | None
    verifier: str | None
    depth: int | None
    real_rooted: bool | None
    license: str | None
    evidence: Evidence | None
    chain_evidence: Evidence | None

    def _repr_html_(self) -> str:
        from provenance.faces.notebook import Table, block

        told = self.model_dump(mode="json", exclude_none=True, exclude={"sample_id"})
        fields = [{"field": name, "value": _in_line(value)} for name, value in told.items() if value not in ([], 0)]
        return block(f"record of sample {self.sample_id}", tables=[Table.of("", fields, len(fields))])


def _in_line(value: Any) -> str:
    """A value of a record, in one line."""
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_in_line(each)}" for name, each in value.items() if each not in ({}, []))
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


class IdentitySettings(_Stored):
    """How the sample ids of a dataset were computed; ids computed in different ways are never mixed.

    ``fields`` are the content fields that held values, ``beside`` the other columns that did, ``text_beside`` those of
    these that read like text. ``kept`` and ``left`` are the columns that an earlier sidecar, or the sidecars of the
    inputs, had settled to count or not to count; ``numbers`` are the columns of a CSV file that were taken for numbers.
    """

    digest: str
    canonical_form: int
    rule: Literal["named", "table", "declared"]
    fields: tuple[str, ...]
    beside: tuple[str, ...] = ()
    text_beside: tuple[str, ...] | None = None
    kept: tuple[str, ...] | None = None
    left: tuple[str, ...] | None = None
    numbers: tuple[str, ...] | None = None
    tokenizer: str | None = None

    def choice(self) -> dict[str, Any]:
        """How the content fields were chosen, which they are, and what stands beside them, in JSON's types."""
        named = {"fields": self.fields, "beside": self.beside, "text_beside": self.text_beside or ()}
        return {"rule": self.rule} | {name: list(columns) for name, columns in named.items()}


class DatasetState(_Stored):
    """The dataset a sidecar belongs to: path from the DVC root, DVC's md5, size in bytes, number of rows."""

    path: str
    md5: str | None = None
    size: Count
    rows: Count


class Header(_Stored):
    """A sidecar's footer key-values: all that is not per sample. ``activities[i]`` is activity number i.

    ``divided_by``: carried rows of samples with several births were told apart by more than counts.
    """

    version: str
    dataset: DatasetState
    identity: IdentitySettings
    activities: tuple[Activity, ...] = ()
    agents: tuple[Agent, ...] = ()
    plans: tuple[Plan, ...] = ()
    sources: tuple[Source, ...] = ()
    divided_by: Literal["marks"] | None = None
