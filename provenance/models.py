"""`provenance.models.yaml`: the register of models, git-tracked, at the DVC root.

It says what a model was trained on and made from, which no sidecar can know, so that lineage can go on through a model:
from the data it was trained on to the rows that it generates. A model goes by its label, NAME@REVISION or NAME.
"""

from __future__ import annotations

import unicodedata
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from provenance.errors import UnknownReferenceError

_MD5 = r"^[0-9a-f]{32}(\.dir)?$"
_COMMIT_DIGITS = 7


def _plain(text: str) -> str:
    if not text.strip():
        raise PydanticCustomError("blank", "it says nothing")
    if any(unicodedata.category(character) == "Cc" for character in text):
        raise PydanticCustomError("control", "it has control characters")
    return text


_Plain = Annotated[str, Field(min_length=1), AfterValidator(_plain)]


class TrainingDataset(BaseModel):
    """A dataset, as it was when the model was trained on it.

    ``path`` is from the DVC root of the revision ``commit`` (None: it was not committed yet). The hashes are DVC's, of
    the data and of its sidecar; they find both in DVC's cache or remote, whatever became of the path.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str = Field(min_length=1)
    commit: str | None = Field(default=None, pattern=r"^[0-9a-f]{40,64}$", description="git commit")
    md5: str = Field(pattern=_MD5, description="DVC's hash of the data")
    sidecar_md5: str = Field(pattern=_MD5, description="DVC's hash of the sidecar")

    @property
    def label(self) -> str:
        """PATH@COMMIT with the commit's first digits, or PATH where it was not committed."""
        return f"{self.path}@{self.commit[:_COMMIT_DIGITS]}" if self.commit else self.path


class RegisteredModel(BaseModel):
    """A model, and what went into it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: _Plain
    revision: _Plain | None = None
    base: str | None = Field(default=None, description="label of the registered model it was fine-tuned or made from")
    trained_on: tuple[TrainingDataset, ...] = ()
    trained_on_external: tuple[_Plain, ...] = Field(default=(), description="datasets that are held elsewhere, by name")
    license: _Plain | None = Field(default=None, description="SPDX expression of the weights' licence")
    output_terms: str | None = Field(
        default=None, min_length=1, description="what the model's terms impose on its outputs"
    )

    @property
    def label(self) -> str:
        """NAME@REVISION, or NAME where no revision is stated."""
        return f"{self.name}@{self.revision}" if self.revision else self.name


class ModelRegister(BaseModel):
    """The whole file. Labels do not repeat, every base is registered, and no model descends from itself."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    models: tuple[RegisteredModel, ...] = ()

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        bases: dict[str, str | None] = {}
        for model in self.models:
            if model.label in bases:
                raise _inconsistent(f"{model.label} is registered twice")
            bases[model.label] = model.base
        for label, base in bases.items():
            if base is not None and base not in bases:
                raise _inconsistent(f"{label}: its base {base} is not registered")
        sound: set[str] = set()
        for label in bases:
            line: dict[str, None] = {}
            here: str | None = label
            while here is not None and here not in sound:
                if here in line:
                    raise _inconsistent(f"a model cannot be made from itself: {' from '.join([*line, here])}")
                line[here] = None
                here = bases[here]
            sound.update(line)
        return self

    def named(self, reference: str) -> RegisteredModel:
        """The model with the label ``reference``, or the only one with this name.

        Raises:
            UnknownReferenceError: there is none, or more than one.
        """
        exact = [model for model in self.models if model.label == reference]
        fits = exact or [model for model in self.models if model.name == reference]
        if len(fits) == 1:
            return fits[0]
        known = ", ".join(model.label for model in fits or self.models) or "none"
        problem = "there is more than one such model" if fits else "no such model is registered"
        raise UnknownReferenceError(f"{reference or repr(reference)}: {problem}; registered: {known}")

    def fitting(self, name: str, revision: str | None) -> RegisteredModel | None:
        """The registered model that a generator is. One that is registered without revision stands for all revisions
        that are not registered themselves; a generator of unknown revision is not taken for any certain one."""
        found = {model.revision: model for model in self.models if model.name == name}
        return found.get(revision) or found.get(None)

    def lineage(self, model: RegisteredModel) -> tuple[RegisteredModel, ...]:
        """``model``, its base, the base of that, and so on."""
        line = [model]
        while line[-1].base is not None:
            line.append(self.named(line[-1].base))
        return tuple(line)


def _inconsistent(problem: str) -> PydanticCustomError:
    # As a value of the template: what it says may hold braces.
    return PydanticCustomError("inconsistent", "{problem}", {"problem": problem})
