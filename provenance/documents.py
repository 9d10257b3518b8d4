"""Documents that people write (settings, models, price tables, policies): YAML, read safely and validated by pydantic.

Every refusal names the file; of what does not fit, one line names each key, all of them at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError

from provenance.errors import ProvenanceError, RepositoryError

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

Model = TypeVar("Model", bound=BaseModel)

# The dataset card of a folder.
CARD = "README.md"
_LARGEST = 4 << 20
# Together these bound what reading takes: some 40 µs an event, and less than 2 µs a character.
_LARGEST_YAML = 1 << 20
_MOST_EVENTS = 100_000
_DEEPEST = 64
_MOST_PROBLEMS = 20


def read_document(file: Path, what: str, largest: int = _LARGEST) -> bytes:
    """The content of ``file``, which is ``what`` it is in messages, such as "price table"; at most ``largest`` bytes.

    Raises:
        ProvenanceError: it cannot be read, or is far too large to be one.
    """
    try:
        # No size that is stated is believed: a device states none, and does not end.
        with open(file, "rb") as opened:
            content = opened.read(largest + 1)
    except OSError as error:
        raise ProvenanceError(f"{file}: the {what} cannot be read: {error.strerror}") from error
    if len(content) > largest:
        raise ProvenanceError(f"{file}: too large for a {what}")
    return content


def parse_yaml(content: bytes | str, name: str, error: type[ProvenanceError] = ProvenanceError) -> Any:
    """The YAML document ``content``, which is called ``name`` in messages.

    Aliases are refused: a short text with them may stand for one that fills the memory. So is what would take long to
    read: too large, too deep, or of too many values.

    Raises:
        ProvenanceError: or the subclass ``error``: not UTF-8, not YAML, or refused.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError
    from yaml import YAMLError as ScanError

    try:
        text = content.decode("utf-8") if isinstance(content, bytes) else content
        if problem := _refused(text):
            raise error(f"{name}: {problem}")
        return YAML(typ="safe", pure=True).load(text)
    except (ValueError, YAMLError, ScanError) as problem:  # a date may be none
        raise error(f"{name}: not valid YAML: {' '.join(str(problem).split())}") from problem


def _refused(text: str) -> str | None:
    """Why ``text`` is not read, None where it is.

    Its events are looked at first, by libyaml: it is quick, but reads YAML 1.1, in which ``no`` is false and ``012``
    ten. What passes costs ruamel, which reads 1.2 and sees duplicate keys, a few seconds at most.
    """
    import yaml

    if len(text) > _LARGEST_YAML:
        return f"larger than {_LARGEST_YAML >> 20} MiB, the most that is read as YAML"
    depth = 0
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    for count, event in enumerate(yaml.parse(text, Loader=loader)):
        if isinstance(event, yaml.AliasEvent):
            return "YAML aliases (*name) are not read; write out what they stand for"
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            return f"not valid YAML: nested too deeply, in more than {_DEEPEST} levels"
        if count > _MOST_EVENTS:
            return f"more than {_MOST_EVENTS:,} keys and values, the most that are read"
    return None


def front_matter(content: bytes, name: str) -> dict[str, Any] | None:
    """The YAML between the first two lines of dashes of the dataset card ``content``; None where it has none.

    A byte order mark and blank lines before the first line of dashes are skipped.

    Raises:
        ProvenanceError: not UTF-8, or its content is not a YAML mapping.
    """
    try:
        lines = content.decode("utf-8-sig").lstrip().splitlines()
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
        ProvenanceError: or the subclass ``error``: it does not fit; the message has a line for each wrong key.
    """
    try:
        return model.model_validate(content)
    except ValidationError as problem:
        wrong = problem.errors(include_url=False)
        lines = dict.fromkeys(f"{name}: {_said(each, content)}{hint}" for each in wrong[:_MOST_PROBLEMS])
        more = [f"{name}: {len(wrong) - _MOST_PROBLEMS} more"] if len(wrong) > _MOST_PROBLEMS else []
        refusal = error("\n".join([*lines, *more]))
        refusal.problems = (*lines, *more)
        raise refusal from problem


def _said(wrong: ErrorDetails, content: Any) -> str:
    """What is wrong, behind the key where it is."""
    key = ".".join(_steps(wrong["loc"], content))
    return f"{key}: {_problem(wrong)}" if key else _problem(wrong)


def _problem(wrong: ErrorDetails) -> str:
    return wrong["msg"].removeprefix("Value error, ")


def _steps(place: Sequence[int | str], content: Any) -> Iterator[str]:
    """The steps to ``place`` in ``content`` as their writer knows them.

    An entry of a list goes by its id or name, else by its number from 1. Steps that are not in the content are
    pydantic's own (which member of a union it tried), but for the last, which may be a key that is missing.
    """
    for number, step in enumerate(place, 1):
        if isinstance(content, list | tuple) and isinstance(step, int) and step < len(content):
            content = content[step]
            yield _title(content) or str(step + 1)
        elif isinstance(content, dict) and step in content:
            content = content[step]
            yield str(step)
        elif number == len(place) and isinstance(content, dict) and isinstance(step, str):
            yield step


def _title(entry: Any) -> str | None:
    """What an entry of a list is called by those who wrote it."""
    titles = (entry.get(key) for key in ("id", "rule", "name", "path")) if isinstance(entry, dict) else ()
    return next((title for title in titles if isinstance(title, str) and title.strip() and title.isprintable()), None)


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
