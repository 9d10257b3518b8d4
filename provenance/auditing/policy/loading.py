"""Policies as files and packs: read, and settled into one list of rules.

A file extends packs (by name) and other files (``*.yaml``, from its own folder); of what it extends it may override,
disable and waive rules by id. No file outside of the repository is read for one that lies in it, nor one outside of its
folder for one that lies elsewhere.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

from provenance.auditing.policy.rules import Override, Policy, PolicyFile, Rule, Waiver, WhenUnknown
from provenance.capture.redaction import find_secret
from provenance.documents import parse_yaml, read_document, validated
from provenance.errors import ProvenanceError, UnknownReferenceError

_MOST_EXTENSIONS = 16


@dataclass
class _Settled:
    """Rules by id, and the name of the file that each is from."""

    rules: dict[str, Rule] = field(default_factory=dict)
    homes: dict[str, str] = field(default_factory=dict)
    waivers: list[Waiver] = field(default_factory=list)
    unknown: WhenUnknown | None = None
    caveats: list[str] = field(default_factory=list)


def packs() -> list[str]:
    """The names of the policies that ship with the package."""
    names = (entry.name for entry in files("provenance.auditing.policy").joinpath("packs").iterdir())
    return sorted(name.removesuffix(".yaml") for name in names if name.endswith(".yaml"))


def pack(name: str) -> PolicyFile:
    """The pack called ``name``.

    Raises:
        UnknownReferenceError: there is none.
    """
    return _parse(_pack_content(name), name)


def policy_contents(sources: Sequence[str], root: Path) -> dict[str, bytes]:
    """The bytes of all that a policy with these `Policy.sources` consists of, by name: what it extends, too.

    Packs go by their names, files by their path from ``root``, those outside of it by their bare names.

    Raises:
        UnknownReferenceError: no such pack.
        ProvenanceError: a file cannot be read, or is not a policy.
    """
    found: dict[str, bytes] = {}
    outermost = root.resolve()

    def collect(name: str, folder: Path) -> None:
        if is_file_name(name):
            path = (folder / name).resolve()
            place = path.relative_to(outermost).as_posix() if path.is_relative_to(outermost) else path.name
            folder = path.parent
        else:
            path, place = None, name
        if place in found:
            return
        found[place] = _pack_content(name) if path is None else read_document(path, "policy")
        for each in _parse(found[place], name).extends:
            collect(each, folder)

    for source in sources:
        collect(source, outermost)
    return found


def is_file_name(name: str) -> bool:
    """Whether ``name`` is that of a policy file, and not of a pack."""
    return name.lower().endswith((".yaml", ".yml"))


def load_policy(names: Sequence[str | os.PathLike[str]], root: Path) -> Policy:
    """The policy of all of ``names``, packs or files (absolute or from the current folder), together.

    Args:
        root: the repository's; see the module.

    Raises:
        UnknownReferenceError: no such pack.
        ProvenanceError: a file cannot be read, is not a policy, or does not fit what it extends.
    """
    settled, sources, outermost = _Settled(), [], root.resolve()
    for name in map(str, names):
        path = Path(name).resolve()
        inside = path.is_relative_to(outermost)
        bound = outermost if inside else path.parent
        _merge(settled, _settle(name, Path.cwd(), bound, ()), name)
        place = path.relative_to(outermost).as_posix() if inside else path.name
        sources.append(place if is_file_name(name) else name)
    return Policy(
        sources=tuple(sources),
        rules=tuple(settled.rules[rule] for rule in sorted(settled.rules)),
        waivers=tuple(settled.waivers),
        unknown=settled.unknown or WhenUnknown.FAIL,
        caveats=tuple(settled.caveats),
    )


def _settle(name: str, folder: Path, bound: Path, within: tuple[str, ...]) -> _Settled:
    """The rules of the pack or file ``name``, from ``folder`` and inside ``bound``.

    ``within``: the packs and files that extend it, the outermost first.
    """
    if is_file_name(name):
        path = (folder / name).resolve()
        if not path.is_relative_to(bound):
            raise ProvenanceError(f"{within[-1]}: extends {name}, which is outside of {bound}; copy it to there")
        identity, folder, file = str(path), path.parent, _parse(read_document(path, "policy"), name)
        if where := find_secret("", file.model_dump(mode="json", exclude_none=True)):
            holds = f"{where.removeprefix('.')} holds what looks like a secret"
            raise ProvenanceError(f"{name}: {holds}; verdicts and findings are shared: leave it out")
    else:
        identity, file = name, pack(name)
    if identity in within or len(within) == _MOST_EXTENSIONS:
        raise ProvenanceError(f"{name}: extends itself, or more than {_MOST_EXTENSIONS} files, one by way of the other")
    settled = _Settled()
    for extended in file.extends:
        _merge(settled, _settle(extended, folder, bound, (*within, identity)), name)
    _apply(settled, file, name)
    return settled


def _merge(settled: _Settled, other: _Settled, name: str) -> None:
    """Take in what ``name`` extends too. A rule that comes by two ways must be the same."""
    for rule_id, rule in other.rules.items():
        if settled.rules.get(rule_id, rule) != rule:
            homes = f"{settled.homes[rule_id]} and {other.homes[rule_id]}"
            raise ProvenanceError(f"{name}: {homes} have different rules {rule_id!r}; rename one, or extend only one")
    settled.rules |= other.rules
    settled.homes |= other.homes
    settled.waivers += (waiver for waiver in other.waivers if waiver not in settled.waivers)
    settled.caveats += (caveat for caveat in other.caveats if caveat not in settled.caveats)
    said = (settled.unknown, other.unknown)
    settled.unknown = next((answer for answer in WhenUnknown if answer in said), None)


def _apply(settled: _Settled, file: PolicyFile, name: str) -> None:
    """Change what was extended as ``file`` says, and add its own rules."""
    named: dict[str, Iterable[str]] = {
        "override": file.override,
        "disable": file.disable,
        "waive": [waiver.rule for waiver in file.waive],
    }
    own = [rule.id for rule in file.rules]
    for key, rule_ids in named.items():
        known = {*settled.rules, *own} if key == "waive" else set(settled.rules)
        for rule_id in rule_ids:
            if rule_id not in known:
                raise ProvenanceError(f"{name}: {key}: no rule {rule_id!r} in what it extends ({_some(known)})")
    for rule_id in own:
        if rule_id in settled.rules or own.count(rule_id) > 1:
            raise ProvenanceError(
                f"{name}: rules: {rule_id!r} is there already; an extended rule is changed by override"
            )
    for rule_id, change in file.override.items():
        settled.rules[rule_id] = _overridden(settled.rules[rule_id], change, name)
        settled.homes[rule_id] = name
    for rule_id in file.disable:
        del settled.rules[rule_id]
    settled.rules |= {rule.id: rule for rule in file.rules}
    settled.homes |= dict.fromkeys(own, name)
    settled.waivers += file.waive
    if file.caveat is not None and file.caveat not in settled.caveats:
        settled.caveats.append(file.caveat)
    settled.unknown = file.unknown or settled.unknown


def _overridden(rule: Rule, change: Override, name: str) -> Rule:
    changed = rule.model_dump(exclude_defaults=True) | change.model_dump(exclude_none=True)
    if change.threshold is not None:
        changed.pop("judgement", None)  # it is the writer's threshold now, and their reason
    return validated(Rule, changed, f"{name}: override: {rule.id}")


def _pack_content(name: str) -> bytes:
    if name not in packs():
        raise UnknownReferenceError(
            f"{name}: no such policy pack; there are {', '.join(packs())}; a file's name ends with .yaml"
        )
    return files("provenance.auditing.policy").joinpath("packs", f"{name}.yaml").read_bytes()


def _parse(content: bytes, name: str) -> PolicyFile:
    return validated(PolicyFile, parse_yaml(content, name), name, "; see docs/policies.md")


def _some(rule_ids: set[str]) -> str:
    return ", ".join(sorted(rule_ids)) or "it extends nothing"
