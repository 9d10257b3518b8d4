"""What a script declares of all rows of a dataset: the model and prompt that make them, or where they are from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import orjson

from provenance.capture.generation import named_parameters
from provenance.capture.generators import Model, Prompt
from provenance.capture.redaction import refuse_secret, refuse_secrets
from provenance.capture.stated_license import stated_license
from provenance.errors import ProvenanceError
from provenance.identity.names import is_dataset
from provenance.lineage.records import Activity, ActivityType, Agent, Evidence, Kind, Origin, Source, SourceType
from provenance.lineage.vocabulary import Vocabulary

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from provenance.capture.environment import Environment
    from provenance.capture.prices import Prices
    from provenance.lineage.records import Price
    from provenance.lineage.schema import Birth


@dataclass(frozen=True)
class Declaration:
    """At most one of ``agent`` and ``source`` is set: with neither, each row's model is the one that is observed.

    What belongs to a generation is empty for a source.
    """

    agent: Agent | None = None
    source: Source | None = None
    prompt: Prompt | None = None
    kind: Kind | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    license: str | None = None
    keep_prompts: bool = False
    prices: Prices | None = None

    def birth(self) -> Birth:
        """The columns of a birth that all rows share."""
        generated = self.source is None
        return {
            "origin": Origin.SYNTHETIC.value if generated else Origin.REAL.value,
            "kind": self.kind and self.kind.value,
            "source_type": SourceType.TRAINED_ALGORITHMIC_DATA.value if generated else None,
            "license": self.license,
            "evidence": Evidence.OBSERVED.value,
        }

    def activity(self, environment: Environment, started: datetime) -> Activity:
        """The activity that makes the rows, as it starts."""
        return Activity(
            type=ActivityType.COLLECTION if self.source else ActivityType.GENERATION,
            agent=self.agent.id if self.agent else None,
            plan=self.prompt.plan().id if self.prompt else None,
            source=self.source.id if self.source else None,
            parameters=dict(self.parameters),
            price=self.price_of(self.agent),
            stage=environment.stage,
            command=environment.command,
            git=environment.git,
            started=started,
        )

    def price_of(self, agent: Agent | None) -> Price | None:
        """The price of what ``agent`` generates, where it is known."""
        return self.prices.of(agent) if self.prices and agent else None

    def vocabulary(self, activity: Activity) -> Vocabulary:
        """``activity`` and all that it names."""
        vocabulary = Vocabulary()
        vocabulary.add(
            [activity],
            [self.agent] if self.agent else [],
            [self.prompt.plan()] if self.prompt else [],
            [self.source] if self.source else [],
        )
        return vocabulary

    def configuration(self, dataset: str, digest: str, environment: Environment) -> str:
        """Digest of all that a finished row depends on besides its key: rows are used again only where it is the same.

        Among the stage's dependencies, that is the datasets, not the code: mending a script must not throw away what
        was generated, at a price, before it failed.
        """
        stage = environment.stage
        datasets = {} if stage is None else {p: md5 for p, md5 in stage.dependencies.items() if is_dataset(p)}
        relied_on = {
            "dataset": dataset,
            "digest": digest,
            "agent": self.agent and self.agent.model_dump(mode="json"),
            "source": self.source and self.source.model_dump(mode="json"),
            "plan": self.prompt and self.prompt.plan().model_dump(mode="json"),
            "parameters": self.parameters,
            "birth": self.birth(),
            "keep_prompts": self.keep_prompts,
            "stage": stage and {"name": stage.name, "parameters": stage.parameters, "datasets": datasets},
        }
        options = orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS
        return hashlib.sha256(orjson.dumps(relied_on, default=str, option=options)).hexdigest()


def declaration_of(
    dataset: str,
    *,
    model: Model | None,
    prompt: Prompt | str | None,
    source: Source | None,
    kind: Kind | str | None,
    parameters: Mapping[str, Any] | None,
    license: str | None,  # noqa: A002 - the word that the record uses
    keep_prompts: bool,
    prices: Prices | None,
    is_observing: bool,
) -> Declaration:
    """Check what `record` was given for ``dataset`` (its path from the DVC root).

    Args:
        is_observing: calls to models are observed, so that the model need not be given.

    Raises:
        ProvenanceError: not exactly one of model and source (while observing: both), a part of a generation given for
            a source, an unknown kind, or parameters that cannot be recorded,
            or a secret in what is to be recorded.
    """
    refuse_secret("license", license)
    if source is None and (model is not None or is_observing):
        if isinstance(prompt, str):
            prompt = Prompt(name=PurePosixPath(dataset).stem, template=prompt)
        if prompt is not None:
            refuse_secret("prompt: its name", prompt.name)
            refuse_secret(f"prompt {prompt.name!r}: its template", prompt.template)
        return Declaration(
            agent=None if model is None else model.agent(),
            prompt=prompt,
            kind=None if kind is None else _kind(kind),
            parameters=named_parameters(parameters or {}),
            license=stated_license("license", license),
            keep_prompts=keep_prompts,
            prices=prices,
        )
    if source is None or model is not None:
        raise ProvenanceError(
            f"{dataset}: give either model= (rows are generated) or source= (rows are collected); or give the client "
            "that calls the model to provenance.observe"
        )
    if prompt is not None or kind is not None or parameters or keep_prompts or prices is not None:
        raise ProvenanceError(
            f"{dataset}: prompt, kind, parameters, prices and keep_prompts go with model=, not source="
        )
    refuse_secrets(source)
    if source.model_extra:
        raise ProvenanceError(f"{dataset}: a Source has no {min(source.model_extra)!r}")
    source = source.model_copy(update={"license": stated_license("source: its license", source.license)})
    return Declaration(source=source, license=stated_license("license", license) or source.license)


def _kind(kind: Kind | str) -> Kind:
    try:
        return Kind(kind)
    except ValueError as error:
        raise ProvenanceError(f"kind {kind!r} is not one of {Kind.listed()}") from error
