"""Documents that people write (settings, models, price tables, policies): YAML, read safely and validated by pydantic.

Every refusal is one line that names the file and the key.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from provenance.errors import ProvenanceError, RepositoryError

Model = TypeVar("Model", bound=BaseModel)

_LARGEST = 4 << 20


def read_document(file: Path, what: str) -> bytes:
    """The content of ``file``, which is ``what`` it is in messages, such as "price table".

    Raises:
        ProvenanceError: it cannot be read, or is far too large to be one.
    """
    try:
        if file.stat().st_size > _LARGEST:
            raise ProvenanceError(f"{file}: too large for a {what}")
        return file.read_bytes()
    except OSError as error:
        raise ProvenanceError(f"{file}: the {what} cannot be read: {error.strerror}") from error


def parse_yaml(content: bytes | str, name: str, error: type[ProvenanceError] = ProvenanceError) -> Any:
    """The YAML document ``content``, which is called ``name`` in messages.

    Aliases are refused: a short text with them may stand for one that fills the memory.

    Raises:
        ProvenanceError: or the subclass ``error``: not UTF-8, not YAML, or with aliases.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError
    from ruamel.yaml.tokens import AliasToken

    try:
        text = content.decode("utf-8") if isinstance(content, bytes) else content
        if any(isinstance(token, AliasToken) for token in YAML(typ="safe", pure=True).scan(text)):
            raise error(f"{name}: YAML aliases (*name) are not read; write out what they stand for")
        return YAML(typ="safe", pure=True).load(text)
    except (ValueError, YAMLError) as problem:  # a date may be none
        raise error(f"{name}: not valid YAML: {' '.join(str(problem).split())}") from problem
    except RecursionError as problem:
        raise error(f"{name}: not valid YAML: nested too deeply") from problem


def front_matter(content: bytes, name: str) -> dict[str, Any] | None:
    """The YAML between the first two lines of dashes of the dataset card ``content``; None where it has none.

    Raises:
        ProvenanceError: not UTF-8, or its content is not a YAML mapping.
    """
    try:
        lines = content.decode("utf-8").splitlines()
    except UnicodeDecodeError as problem:
        raise ProvenanceError(f"{name}: not UTF-8: {problem}") from problem
    dashes = [number for number, line in enumerate(lines) if line.rstrip() == "---"][:2]
    if len(dashes) < 2 or dashes[0] != 0:
        return None
    parsed = parse_yaml("\n".join(lines[1 : dashes[1]]), name)
    if not isinstance(parsed, dict):
        raise ProvenanceError(f"{name}: its metadata is not a YAML mapping")
    return parsed


def validated(
    model: type[Model], content: Any, name: str, hint: str = "", error: type[ProvenanceError] = ProvenanceError
) -> Model:
    """``content`` as a ``model``; ``hint`` is added to the message, such as "; see docs/prices.md".

    Raises:
        ProvenanceError: or the subclass ``error``: it is not one; the message names the first key that is wrong.
    """
    try:
        return model.model_validate(content)
    except ValidationError as problem:
        first = problem.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise error(
            f"{name}: {f'{key}: ' if key else ''}{first['msg'].removeprefix('Value error, ')}{hint}"
        ) from problem


def load_tracked(path: Path, model: type[Model]) -> Model:
    """The git-tracked document at ``path``; the model's defaults where there is none.

    Raises:
        RepositoryError: it is not YAML or not valid; the message names the file and the key.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return model()
    except (OSError, UnicodeDecodeError) as error:
        raise RepositoryError(f"{path}: cannot be read: {error}") from error
    return parse_tracked(text, str(path), model)


def parse_tracked(text: str, name: str, model: type[Model]) -> Model:
    """A git-tracked document, which is called ``name`` in messages, from its text; errors as of `load_tracked`."""
    content = parse_yaml(text, name, RepositoryError)
    return validated(model, {} if content is None else content, name, error=RepositoryError)
