"""What generates: a model, as exactly as it is known, and the prompt template it is given."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property, lru_cache, partial
from itertools import chain
from operator import itemgetter
from os import PathLike
from pathlib import Path
from reprlib import Repr
from typing import TYPE_CHECKING, Any

from provenance.arguments import require, require_optional, require_optional_text, require_text
from provenance.capture.recurring import placed
from provenance.capture.redaction import refuse_secret
from provenance.capture.stated_license import stated_license
from provenance.errors import ProvenanceError
from provenance.file_digests import sha256_of
from provenance.lineage.records import Agent, Plan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

# Templates may be pages long; a repr is a line.
_SHORT = Repr()
_SHORT.maxstring = 60
_PIECE = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")


@dataclass(frozen=True, kw_only=True)
class Model:
    """A generator of samples.

    Args:
        name: as the provider or the model hub names it. A model that may not be named is ``undisclosed``.
        revision: commit, tag or date of the model.
        provider: who serves it, as in OpenTelemetry's ``gen_ai.provider.name``.
        weights: local file with the weights. Its SHA-256 is recorded; its path is not.
        license: SPDX expression of the weights' licence.
        output_terms: what the model's terms impose on its outputs.

    Raises:
        ProvenanceError: a part is not what it should be.
    """

    name: str
    revision: str | None = None
    provider: str | None = None
    weights: str | PathLike[str] | None = None
    license: str | None = None
    output_terms: str | None = None

    def __post_init__(self) -> None:
        require_text("model: its name", self.name)
        for part in ("revision", "provider", "license", "output_terms"):
            require_optional_text(f"model: its {part}", getattr(self, part))
        require_optional("model: its weights", self.weights, str, PathLike)

    def agent(self) -> Agent:
        """This model as it stands in a sidecar.

        Raises:
            ProvenanceError: the weights cannot be read, or a secret is among what is said of the model.
        """
        for part in ("name", "revision", "provider", "license", "output_terms"):
            refuse_secret(f"model: its {part}", getattr(self, part))
        return Agent(
            name=self.name,
            revision=self.revision,
            provider=self.provider,
            weights_digest=None if self.weights is None else weights_digest(Path(self.weights)),
            license=stated_license("model: its license", self.license),
            output_terms=self.output_terms,
        )


def weights_digest(path: Path) -> str:
    """``sha256:…`` of the file at ``path``; computed once in a process for as long as the file does not change.

    Raises:
        ProvenanceError: ``path`` is not a file that can be read.
    """
    try:
        state = path.stat()
        return _file_digest(path.resolve(), state.st_mtime_ns, state.st_size)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ProvenanceError(f"{path}: the weights cannot be read: {reason}; give the path of a file") from error


@lru_cache(maxsize=64)
def _file_digest(path: Path, _modified: int, _size: int) -> str:
    return sha256_of(path)


@dataclass(frozen=True, kw_only=True)
class Prompt:
    """A prompt template: ``{name}`` stands for a variable, ``{{`` and ``}}`` for braces.

    Raises:
        ProvenanceError: a part is not text; the template has a lone brace, or a placeholder that is not a name.
    """

    name: str
    template: str
    _pieces: tuple[tuple[str, bool], ...] = field(init=False, repr=False, compare=False)

    def __repr__(self) -> str:
        return f"Prompt(name={_SHORT.repr(self.name)}, template={_SHORT.repr(self.template)})"

    def __post_init__(self) -> None:
        require_text("prompt: its name", self.name)
        require("prompt: its template", self.template, str)
        object.__setattr__(self, "_pieces", tuple(self._parse()))

    @cached_property
    def variables(self) -> frozenset[str]:
        """The names of the template's variables."""
        return frozenset(piece for piece, is_variable in self._pieces if is_variable)

    @cached_property
    def _places(self) -> tuple[str, ...]:
        """The variable in each place where the template has one."""
        return tuple(piece for piece, is_variable in self._pieces if is_variable)

    @cached_property
    def _compiled(self) -> tuple[str, Callable[[Mapping[str, Any]], tuple[Any, ...]]]:
        """The template as a ``%`` format, and what takes the values that go into it in turn from all variables."""
        text = "".join("%s" if is_variable else piece.replace("%", "%%") for piece, is_variable in self._pieces)
        names = self._places
        # Of a single name, an itemgetter gives the value itself.
        return text, itemgetter(*names) if len(names) > 1 else partial(_values, names)

    def render(self, /, **variables: Any) -> str:
        """The prompt with each variable replaced by ``str`` of its value, which is never looked into for more.

        Raises:
            ProvenanceError: a variable of the template is missing, or one was given that it does not have.
        """
        return self.rendered(variables)

    def rendered(self, variables: Mapping[str, Any]) -> str:
        """As `render`, with the variables in a mapping."""
        text, values = self._compiled
        if type(variables) is dict and len(variables) == len(self.variables):
            try:
                found = values(variables)
            except KeyError:
                pass  # said below
            else:
                return text % found
        if variables.keys() != self.variables:
            missing, unknown = self.variables - variables.keys(), variables.keys() - self.variables
            problems = [f"needs the variable {name!r}" for name in sorted(missing)[:1]]
            problems += [f"has no variable {name!r}" for name in sorted(unknown)[:1]]
            said = " and ".join(problems)
            raise ProvenanceError(f"prompt {self.name!r}: {said}; its variables are {sorted(self.variables)}")
        return text % values(variables)

    def rendered_many(self, many: Sequence[Mapping[str, Any]]) -> tuple[list[str], Sequence[int]]:
        """As `rendered`, of many mappings: texts, and the place among them of each mapping's."""
        found: Sequence[tuple[Any, ...]] = [()] * len(many)
        places: Sequence[int] = range(len(many))
        try:
            if self._places:
                found = [*zip(*(map(itemgetter(name), many) for name in self._places), strict=True)]
            is_exact = set(map(len, many)) <= {len(self.variables)}
        except KeyError:
            is_exact = False
        if not is_exact:
            return [*map(self.rendered, many)], places
        # Of other types, equal values may be different texts.
        if {str, int}.issuperset(map(type, chain.from_iterable(found))):
            found, places = placed(found)
        text, _ = self._compiled
        return [text % each for each in found], places

    def plan(self) -> Plan:
        """This template as it stands in a sidecar."""
        return Plan(name=self.name, template=self.template)

    def _parse(self) -> Iterator[tuple[str, bool]]:
        """The template in pieces: (text, False) and (name of a variable, True)."""
        end = 0
        for match in _PIECE.finditer(self.template):
            yield self.template[end : match.start()], False
            end = match.end()
            name = match[1]
            if match[0] in ("{{", "}}"):
                yield match[0][0], False
            elif name is not None and name.isidentifier():
                yield name, True
            else:
                raise ProvenanceError(
                    f"prompt {self.name!r}: {match[0]!r} at character {match.start() + 1} is not a variable; "
                    "write {name} for a variable and {{ or }} for a brace"
                )
        yield self.template[end:], False


def _values(names: Sequence[str], variables: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(map(variables.__getitem__, names))
