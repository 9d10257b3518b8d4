"""What `provenance adopt` would change: found by looking at pipelines and at what DVC tracks; nothing is written."""

from __future__ import annotations

import difflib
import shlex
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from provenance.errors import RepositoryError
from provenance.files import MODELS_FILE, REVOCATIONS_FILE
from provenance.identity.names import SIDECAR_SUFFIX, sidecar_path
from provenance.repository.staging import is_wrapped, judges
from provenance.upkeep.adoption_checks import is_just, not_recorded, runs_just, words_of
from provenance.upkeep.adoption_datasets import DatasetsThere
from provenance.upkeep.adoption_words import Words, command_of, declarations
from provenance.upkeep.pipeline_text import NotEditableError, PipelineText

if TYPE_CHECKING:
    from provenance.capture.declaring.declaration import Declaration
    from provenance.repository import Repository
    from provenance.repository.pipelines import StageText

_NO_WORDS = Words()
_MORE_COMMANDS = "runs several commands; the packages that those before the last import are not noted"


@dataclass(frozen=True)
class LeftAlone:
    """A stage or a dataset that is not adopted, and why. ``is_dataset``: it is, or may write, rows without lineage."""

    what: str
    reason: str
    is_dataset: bool = True


@dataclass(frozen=True)
class Plan:
    """What is to be done, paths from the DVC root.

    ``texts``: files of pipelines as they are and as they are to be. ``stages``: all, as they are; ``edited``: those
    that change, as they are to be, by address. ``outs``: datasets that stages made and that get a sidecar, by the
    address of the stage; ``added``: others. ``remarks``: what to know of what is adopted. ``declared``: what is
    stated of the rows of datasets, by path; of a dataset that has its lineage it does not count.
    """

    stages: tuple[StageText, ...] = ()
    texts: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    edited: Mapping[str, StageText] = field(default_factory=dict)
    outs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    added: tuple[str, ...] = ()
    left: tuple[LeftAlone, ...] = ()
    remarks: tuple[str, ...] = ()
    declared: Mapping[str, Declaration] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        return not (self.texts or self.outs or self.added)

    def diff(self, file: str) -> str:
        """The change of a file of pipelines, as a unified diff."""
        before, after = (text.splitlines(keepends=True) for text in self.texts[file])
        return "".join(
            line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
            for line in difflib.unified_diff(before, after, f"a/{file}", f"b/{file}")
        )


def plan_adoption(repository: Repository, also: Collection[str] = (), words: Words = _NO_WORDS) -> Plan:
    """Find what to change, so that each dataset has a sidecar.

    Args:
        also: paths of datasets whose names do not say that they are.
        words: what is declared; of what a stage makes, it becomes a command of the stage.

    Raises:
        RepositoryError: a file cannot be read, or DVC does not track one of ``also``.
        ProvenanceError: something is declared in words that make no sense.
    """
    return _Planning(repository, also, words).plan()


class _Planning:
    def __init__(self, repository: Repository, also: Collection[str], words: Words) -> None:
        self._repository = repository
        self._stages = repository.pipelines.stages()
        self._declared = declarations(repository, self._stages, words)
        self._left: list[LeftAlone] = []
        self._remarks: list[str] = []
        self._texts: dict[str, tuple[str, str]] = {}
        self._edited: dict[str, StageText] = {}
        self._datasets = DatasetsThere(repository, self._stages)
        self._left += [LeftAlone(path, reason) for path, reason in self._datasets.closed.items()]
        self._chosen = {*self._datasets.open, *self._datasets.named(also)}
        # Those that are not adopted may have sidecars all the same.
        self._with_sidecar = self._chosen | self._datasets.with_sidecar

    def plan(self) -> Plan:
        groups: dict[tuple[str, str], list[StageText]] = {}
        for stage in self._stages:
            groups.setdefault((stage.file, stage.group), []).append(stage)
        self._edit_all(list(groups.values()))
        outs = {stage.address: tuple(self._outs_without_sidecar(stage)) for stage in self._stages}
        self._remarks += not_recorded(self._repository, [stage for stage in self._stages if outs[stage.address]])
        made = {path for stage in self._stages for path in self._outs(stage)}
        added = sorted(path for path in self._chosen - made if not self._datasets.is_current(path, tracked=True))
        return Plan(
            stages=tuple(self._stages),
            texts=self._texts,
            edited=self._edited,
            outs={address: paths for address, paths in outs.items() if paths},
            added=tuple(added),
            left=tuple(self._left),
            remarks=tuple(self._remarks),
            declared=self._declared,
        )

    def _edit_all(self, groups: list[list[StageText]]) -> None:
        """Edit what can be edited, and leave the rest alone.

        What reads from a stage that is left alone is not to depend on a sidecar that nothing makes: so all begins anew
        without it.
        """
        left = [*self._left]
        while True:
            self._texts, self._edited, self._remarks, self._left = {}, {}, [], [*left]
            failed = [*filter(None, map(self._failure, groups))]
            if not failed:
                return
            for members, reason in failed:
                groups.remove(members)
                closed = {
                    path for stage in members for path in self._outs(stage) if path not in self._datasets.with_sidecar
                }
                self._chosen -= closed
                self._with_sidecar -= closed
                left.append(self._left_alone(members, reason))

    def _failure(self, members: list[StageText]) -> tuple[list[StageText], str] | None:
        """Edit a stage or group; it and the reason where that cannot be done."""
        try:
            self._edit(members)
        except NotEditableError as error:
            return members, f"{error}; change it by hand: see `provenance stage add --help`"
        return None

    def _left_alone(self, members: Sequence[StageText], reason: str, *, is_dataset: bool = True) -> LeftAlone:
        first = members[0]
        name = first.address.partition("@")[0] if "@" in first.name else first.address
        return LeftAlone(f"stage {name}", reason, is_dataset)

    def _outs(self, stage: StageText) -> list[str]:
        places = map(stage.from_root, stage.paths("outs"))
        return [path for path in places if path in self._chosen]

    def _outs_without_sidecar(self, stage: StageText) -> Iterator[str]:
        """The datasets of ``stage`` that are to get one now: of a stage that is left alone, none."""
        written = self._edited.get(stage.address, stage)
        stated = {*map(written.from_root, written.paths("outs"))}
        for path in self._outs(stage):
            out = self._repository.out(path)
            was_made = (self._repository.root / path).exists() or (out is not None and out.md5 is not None)
            if was_made and sidecar_path(path) in stated and not self._datasets.is_current(path, tracked=True):
                yield path

    def _edit(self, members: Sequence[StageText]) -> None:
        """Write into the text of a file what the stage, or the group of stages, ``members`` lacks.

        Raises:
            NotEditableError: it is written in a way that is not understood.
        """
        first = members[0]
        outs, deps = self._lacking(members, "outs"), self._lacking(members, "deps")
        if not any(map(self._outs, members)):
            if not any(judges(command) for stage in members for command in stage.commands):
                reason, may_be = self._why_no_dataset(members)
                self._left.append(self._left_alone(members, reason, is_dataset=may_be))
                return
            deps = self._with_judged(members, deps)
        wraps = self._wraps(members, is_new=bool(outs))
        if not (outs or deps or wraps):
            return
        before = self._repository.pipelines.text(first.file)
        text = PipelineText(self._texts.get(first.file, (before, before))[1])
        for kind, added in (("outs", outs), ("deps", deps)):
            for number, names in added.items():
                text.insert_after(first.group, kind, number, names, shares_flags=kind == "outs")
        if wraps:
            text.wrap(first.group, [stage.commands[-1] for stage in members])
        more = self._declaring(members, outs)
        if more:
            text.append(first.group, [command for command, _ in more])
        self._take(members, before, text.edited(), outs, deps, [resolved for _, resolved in more], wraps=wraps)

    def _declaring(self, members: Sequence[StageText], outs: Mapping[int, list[str]]) -> list[tuple[str, list[str]]]:
        """The commands that declare what is declared now when the stage runs again: as written, and of each member."""
        found = []
        first, root = members[0], self._repository.root
        for number in outs:
            paths = [stage.paths("outs")[number] for stage in members]
            stated = [self._declared.get(s.from_root(path) or "") for s, path in zip(members, paths, strict=True)]
            declaration = stated[0]
            if any(each is not declaration for each in stated):
                self._remarks.append(f"stage {first.group}: what is declared of some of its members does not stay so")
            elif declaration is not None:
                written = self._written(first, "outs")[number]
                resolved = [command_of(declaration, path, root, s.wdir) for s, path in zip(members, paths, strict=True)]
                found.append((command_of(declaration, written, root, first.wdir), resolved))
        return found

    def _take(
        self,
        members: Sequence[StageText],
        before: str,
        after: str,
        outs: Mapping[int, list[str]],
        deps: Mapping[int, list[str]],
        more: Sequence[Sequence[str]],
        *,
        wraps: bool,
    ) -> None:
        file = members[0].file
        try:
            found = {stage.name: stage for stage in self._repository.pipelines.resolved(file, after)}
        except RepositoryError as error:
            raise NotEditableError("its command or its lists are written in a way that is not understood") from error
        lengths = {"outs": sum(map(len, outs.values())), "deps": sum(map(len, deps.values()))}
        places = {stage.name: number for number, stage in enumerate(members)}
        for stage in filter(lambda each: each.file == file, self._stages):
            new = found.get(stage.name)
            old = self._edited.get(stage.address, stage)
            place = places.get(stage.name)
            if new is not None and place is not None:
                added = [words_of(commands[place]) for commands in more]
                is_right = is_just(old, new, lengths) and runs_just(old, new, added, wraps=wraps)
            else:
                is_right = new is not None and new.definition == old.definition
            if not is_right:
                raise NotEditableError("what it shares with another stage, or quotes, is not understood")
        self._texts[file] = (before, after)
        self._edited |= {stage.address: found[stage.name] for stage in members}
        if wraps and len(members[0].commands) > 1:
            self._remarks.append(f"stage {members[0].address}: {_MORE_COMMANDS}")

    def _lacking(self, members: Sequence[StageText], kind: str) -> dict[int, list[str]]:
        """For each item of the list ``kind`` that is a dataset without its sidecar in the list: that, as it is written.

        Raises:
            NotEditableError: the members of a group differ in that.
        """
        datasets = self._chosen if kind == "outs" else self._with_sidecar
        found: list[set[int]] = []
        for stage in members:
            paths = stage.paths(kind)
            stated = {*map(stage.from_root, paths)}
            places = [stage.from_root(path) for path in paths]
            found.append({n for n, p in enumerate(places) if p in datasets and sidecar_path(p) not in stated})
        if any(each != found[0] for each in found):
            raise NotEditableError(f"the members of the group differ in which of their {kind} are datasets")
        written = self._written(members[0], kind)
        return {number: [sidecar_path(written[number])] for number in sorted(found[0])}

    def _written(self, stage: StageText, kind: str) -> list[str]:
        """The items of a list of ``stage`` as they are written, with variables."""
        import yaml

        content = yaml.safe_load(self._repository.pipelines.text(stage.file))
        definition = content["stages"].get(stage.group) or {}
        definition = definition.get("do", definition)
        items = definition.get(kind) or []
        paths = [str(name) for each in items for name in (each if isinstance(each, dict) else [each])]
        if len(paths) != len(stage.paths(kind)):
            raise NotEditableError(f"its {kind} are made by a variable")
        return paths

    def _with_judged(self, members: Sequence[StageText], deps: dict[int, list[str]]) -> dict[int, list[str]]:
        """``deps`` with the registers that a stage which judges or purges depends on."""
        import posixpath

        stage = members[0]
        stated = {*map(stage.from_root, stage.paths("deps"))}
        files = [name for name in (MODELS_FILE, REVOCATIONS_FILE) if name not in stated]
        files = [name for name in files if (self._repository.root / name).exists()]
        if not files:
            return deps
        if not stated:
            raise NotEditableError(f"it depends on nothing yet; let it depend on {' and '.join(files)}")
        last = len(stage.paths("deps")) - 1
        return deps | {last: [*deps.get(last, []), *(posixpath.relpath(name, stage.wdir) for name in files)]}

    def _wraps(self, members: Sequence[StageText], *, is_new: bool) -> bool:
        if any(is_wrapped(command) for stage in members for command in stage.commands) or not members[0].command:
            return False
        outs = [path for stage in members for path in self._outs(stage)]
        if not outs:
            return False
        # A stage whose script records leaves a sidecar itself.
        records = any("provenance " in command for stage in members for command in stage.commands)
        return is_new or not (records or all(self._datasets.is_current(path, tracked=False) for path in outs))

    def _why_no_dataset(self, members: Sequence[StageText]) -> tuple[str, bool]:
        """Why none of the outs is adopted, and whether one may be a dataset all the same."""
        kinds = ("outs", "metrics", "plots")
        outs = list(dict.fromkeys(path for stage in members for kind in kinds for path in stage.paths(kind)))
        if not outs:
            return "it writes nothing that DVC tracks", False
        shown = ", ".join(path for path in outs if not path.endswith(SIDECAR_SUFFIX))
        closed = {each.what for each in self._left}
        if any(stage.from_root(path) in closed for stage in members for path in stage.paths("outs")):
            return f"none of its datasets can be adopted: {shown}", True
        tracked = [stage.from_root(path) for stage in members for path in stage.paths("outs")]
        unclear = [path for path in tracked if path and self._datasets.may_be(path)]
        hint = f"; if one is, name it: --dataset {shlex.quote(unclear[0])}" if unclear else ""
        return f"no dataset among its outs: {shown}{hint}", bool(unclear)
