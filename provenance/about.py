"""What people state about datasets in `provenance.yaml`, under ``about``: facts that no lineage can know.

Exports take them from here and from nowhere else. What is not stated is a gap, which an export names.
"""

from __future__ import annotations

from datetime import date
from fnmatch import fnmatchcase
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError


def _said(text: str) -> str:
    if not text.strip():
        raise PydanticCustomError("blank", "it says nothing")
    return text.strip()


Text = Annotated[str, Field(min_length=1, max_length=20_000), AfterValidator(_said)]
Modality = Literal["text", "image", "audio", "video", "other"]
# Section 2 of the EU's template for the summary of training content; synthetic data is known from lineage.
SourceKind = Literal["public", "licensed", "private", "crawled", "user", "other"]
# The codes of OASIS Data Provenance Metadata.
Purpose = Literal[
    "alignment",
    "evaluation",
    "other",
    "pre-training",
    "production",
    "quality-assurance",
    "research",
    "staging-testing",
    "synthetic-data-generation",
]


class _Stated(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Party(_Stated):
    """A person or an organisation."""

    name: Text
    kind: Literal["organization", "person"] = "organization"
    url: Text | None = None
    email: Text | None = None
    address: Text | None = None


class TrainedModel(_Stated):
    """The model that the datasets train: section 1.2 of the EU's template."""

    names: tuple[Text, ...] = Field(min_length=1, description="its names, with versions")
    dependencies: Text | None = Field(
        default=None, description="the models it was made from, or a statement that there are none"
    )
    placed_on_market: date | None = Field(
        default=None, description="when it was placed on the market of the European Union"
    )


class SourceFacts(_Stated):
    """A source that lineage names: its kind in the terms of the EU's template, and more about it."""

    name: Text
    kind: SourceKind
    modality: Modality | None = None
    description: Text | None = None


class GeneratorFacts(_Stated):
    """A model that generated rows, given by its label NAME@REVISION or by its name."""

    model: Text
    on_market: bool | None = Field(
        default=None,
        description="whether it is a general-purpose AI model available on the market of the European Union",
    )
    own: bool | None = Field(default=None, description="whether it is one of the provider's own models")
    modality: Modality | None = None
    description: Text | None = None


class About(_Stated):
    """Facts about the datasets whose paths, from the DVC root, match the glob ``path``."""

    path: Text
    name: Text | None = None
    description: Text | None = None
    version: Text | None = None
    published: date | None = None
    first_published: date | None = Field(default=None, description="when the first version was published")
    license: Text | None = Field(
        default=None, description="the licence under which the data is published as a whole, as an SPDX expression"
    )
    license_url: Text | None = Field(
        default=None, description="address of the licence's text, where SPDX does not list the licence"
    )
    url: Text | None = None
    repository: Text | None = Field(default=None, description="address of the git repository")
    citation: Text | None = None
    keywords: tuple[Text, ...] = ()
    languages: tuple[Text, ...] = Field(default=(), description="codes by BCP 47, such as en or de-AT")
    modalities: tuple[Modality, ...] = ()
    training_size: Text | None = Field(
        default=None, description="size of all training data, as one of the ranges in the EU's template"
    )
    creators: tuple[Party, ...] = ()
    provider: Party | None = Field(default=None, description="who places the model on the market or publishes the data")
    representative: Party | None = Field(
        default=None, description="the provider's authorised representative in the European Union"
    )
    model: TrainedModel | None = None
    made_by_provider: bool | None = Field(
        default=None, description="whether the synthetic data was created by the provider or on the provider's behalf"
    )
    collection: Text | None = Field(default=None, description="how the data was collected")
    countries: tuple[Text, ...] = Field(default=(), description="the countries where the data was collected")
    use_cases: Text | None = None
    purposes: tuple[Purpose, ...] = ()
    limitations: Text | None = None
    biases: Text | None = None
    personal_information: Text | None = None
    social_impact: Text | None = None
    maintenance: Text | None = None
    user_data: Text | None = Field(
        default=None, description="which data comes from interactions with users, or a statement that none does"
    )
    crawling: Text | None = Field(
        default=None,
        description="the crawlers used, how they behaved and when they ran, or a statement that none were used",
    )
    rights_reservations: Text | None = Field(
        default=None, description="how opt-outs from text and data mining are respected"
    )
    illegal_content: Text | None = Field(default=None, description="how illegal content is found and removed")
    sources: tuple[SourceFacts, ...] = ()
    generators: tuple[GeneratorFacts, ...] = ()

    def fits(self, path: str) -> bool:
        """Whether the facts are about the dataset at ``path``."""
        return fnmatchcase(path, self.path)

    def source(self, name: str) -> SourceFacts | None:
        """What is stated about the source of this name."""
        return next((each for each in self.sources if each.name == name), None)

    def generator(self, name: str, label: str) -> GeneratorFacts | None:
        """What is stated about a model: by its label, else by its name."""
        stated = {each.model: each for each in self.generators}
        return stated.get(label) or stated.get(name)
