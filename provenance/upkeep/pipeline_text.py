"""Edits of a dvc.yaml as text: nothing changes but the lines concerned, whatever its layout and comments.

YAML has more ways to write a thing than are understood here. Whoever edits resolves the new text, and compares.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from provenance.repository.staging import is_wrapped, needs_shell, wrapped_line

if TYPE_CHECKING:
    from yaml import MappingNode, Node, ScalarNode, SequenceNode

# Of an out's settings, those that its sidecar shares: how DVC keeps it.
_SHARED_FLAGS = ("cache", "persist", "remote", "push")
_ITEM = re.compile(r"[ \t]*-[ \t]+")
_BLOCK_STYLES = ("|", ">")


class NotEditableError(Exception):
    """Something is written in a way that is not understood here; the message says which."""


class PipelineText:
    """The text of a dvc.yaml, and edits of it, which `edited` makes."""

    def __init__(self, text: str) -> None:
        import yaml

        self._text = text
        self._line_end = "\r\n" if "\r\n" in text else "\n"
        self._edits: dict[tuple[int, int], str] = {}
        try:
            root = yaml.compose(text, Loader=yaml.SafeLoader)
        except yaml.YAMLError as error:
            raise NotEditableError("it is not valid YAML") from error
        self._stages = {} if root is None else _members(_member(root, "stages"))

    def edited(self) -> str:
        """The text with all edits."""
        text = self._text
        for (start, end), new in sorted(self._edits.items(), reverse=True):
            text = text[:start] + new.replace("\n", self._line_end) + text[end:]
        return text

    def wrap(self, group: str, resolved: Sequence[str]) -> None:
        """Put `provenance run --` before a stage's command; ``resolved``: its last line, of each member of a group.

        Of several commands the last one is wrapped: when it has ended, all outs are there. To DVC, each line is one;
        an item of a list is one with all of its lines, which may be a loop.
        """
        node: Any = _member(self._definition(group), "cmd")
        last = node.value[-1] if isinstance(node.value, list) and node.value else node
        if last is not node and "\n" in last.value.strip("\n"):
            raise NotEditableError("the last of its commands has several lines; put them into a script")
        self._wrap_scalar(last, resolved)

    def append(self, group: str, commands: Sequence[str]) -> None:
        """Let a stage run ``commands`` after its own, which becomes a list of commands where it is not yet one."""
        definition = self._definition(group)
        key = next(pair[0] for pair in definition.value if pair[0].value == "cmd")
        node: Any = _member(definition, "cmd")
        if isinstance(node.value, list):
            # What is a list gets more items.
            for text in commands:
                self._insert_item(node, len(node.value) - 1, scalar_text(text))
            return
        end = self._content_end(node)
        if node.style == "|":
            body = self._text.rfind("\n", 0, end) + 1
            line = self._text[body:end]
            indent = line[: len(line) - len(line.lstrip())]
            self._insert(end, "".join(f"\n{indent}{text}" for text in commands))
            return
        # The lines of a folded text stay where they are, and have to be further in than the list.
        indent = " " * (key.start_mark.column + (0 if node.style == ">" else 2))
        self._edits[(key.end_mark.index + 1, node.start_mark.index)] = f"\n{indent}- "
        line_end = self._line_end_after(end)
        self._insert(line_end, "".join(f"\n{indent}- {scalar_text(text)}" for text in commands))

    def insert_after(self, group: str, kind: str, number: int, added: Sequence[str], *, shares_flags: bool) -> None:
        """Write ``added`` behind item ``number`` of the list ``kind`` of a stage; ``shares_flags``: with its flags."""
        sequence: Any = _member(self._definition(group), kind)
        if not isinstance(sequence.value, list) or number >= len(sequence.value):
            raise NotEditableError(f"its {kind} are no plain list")
        item = sequence.value[number]
        flags = _flags_of(item) if shares_flags else []
        for name in added:
            self._insert_item(sequence, number, self._item(item, name, flags, in_line=bool(sequence.flow_style)))

    def _insert_item(self, sequence: SequenceNode, number: int, text: str) -> None:
        item = sequence.value[number]
        if sequence.flow_style:
            self._insert(item.end_mark.index, f", {text}")
            return
        start = self._text.rfind("\n", 0, item.start_mark.index) + 1
        prefix = self._text[start : item.start_mark.index]
        if not _ITEM.fullmatch(prefix):
            raise NotEditableError("a list of it is not written one item to a line")
        self._insert(self._line_end_after(self._content_end(item)), f"\n{prefix}{text}")

    def _content_end(self, node: Node) -> int:
        """Where the last text of ``node`` ends: its own end may be that of a comment behind it, or of empty lines."""
        if isinstance(node.value, list) and node.value and not getattr(node, "flow_style", False):
            last: Any = node.value[-1]
            return self._content_end(last[1] if isinstance(last, tuple) else last)
        start, end = int(node.start_mark.index), int(node.end_mark.index)
        return start + len(self._text[start:end].rstrip())

    def _line_end_after(self, place: int) -> int:
        end = self._text.find("\n", place)
        return len(self._text) if end < 0 else end - (self._text[end - 1] == "\r")

    def _definition(self, group: str) -> Any:
        stage = self._stages.get(group)
        if stage is None:
            raise NotEditableError("it is not written as a stage of its own")
        return _members(stage).get("do", stage)

    def _insert(self, place: int, text: str) -> None:
        self._edits[(place, place)] = self._edits.get((place, place), "") + text

    def _wrap_scalar(self, node: ScalarNode, resolved: Sequence[str]) -> None:
        if all(map(is_wrapped, resolved)):
            return
        in_shell = any(map(needs_shell, resolved))
        start, end = node.start_mark.index, node.end_mark.index
        if node.style in _BLOCK_STYLES:
            self._wrap_block(node, in_shell=in_shell)
        elif "\n" in node.value.strip("\n"):
            raise NotEditableError("its command has several lines; write them as a list of commands")
        elif in_shell:
            self._edits[(start, end)] = scalar_text(wrapped_line(node.value, in_shell=True))
        else:
            self._insert(start + (node.style is not None), _prefix(node.value))

    def _wrap_block(self, node: ScalarNode, *, in_shell: bool) -> None:
        """Wrap the last line; where lines are folded, all of them are one."""
        body = self._text.index("\n", node.start_mark.index) + 1
        content = self._text[body : node.end_mark.index].rstrip()
        end = body + len(content)
        if node.style == "|":
            body += content.rfind("\n") + 1
        elif "\n" in node.value.strip("\n"):
            raise NotEditableError("its command has several lines; write them as a list of commands")
        line = self._text[body:end].lstrip()
        first = end - len(line)
        if in_shell:
            self._edits[(first, end)] = wrapped_line(line, in_shell=True)
        else:
            self._insert(first, _prefix(line))

    def _item(self, item: Node, name: str, flags: list[tuple[ScalarNode, Node]], *, in_line: bool = False) -> str:
        key = item.value[0][0] if isinstance(item.value, list) else item
        text = _quoted_like(key, name)
        if not flags:
            return text
        written = [(each.value, self._text[value.start_mark.index : value.end_mark.index]) for each, value in flags]
        settings = item.value[0][1]
        if in_line or settings.flow_style or getattr(item, "flow_style", False):
            inner = f"{text}: {{{', '.join(f'{name}: {value}' for name, value in written)}}}"
            return f"{{{inner}}}" if in_line or getattr(item, "flow_style", False) else inner
        indent = " " * settings.value[0][0].start_mark.column
        return f"{text}:" + "".join(f"\n{indent}{name}: {value}" for name, value in written)


def scalar_text(value: str) -> str:
    """``value`` as YAML, on one line."""
    import yaml

    try:
        if "\n" not in value and yaml.safe_load(f"key: {value}\n") == {"key": value}:
            return value
    except yaml.YAMLError:
        pass
    if value.isprintable():
        return "'" + value.replace("'", "''") + "'"
    return json.dumps(value, ensure_ascii=False)


def _prefix(line: str) -> str:
    """What goes before ``line`` where that needs no shell."""
    return wrapped_line(line, in_shell=False)[: -len(line)]


def _quoted_like(key: ScalarNode, name: str) -> str:
    if key.style == "'":
        return "'" + name.replace("'", "''") + "'"
    return json.dumps(name, ensure_ascii=False) if key.style == '"' else scalar_text(name)


def _flags_of(item: Node) -> list[tuple[ScalarNode, Node]]:
    """The settings of an out that its sidecar shares."""
    if not isinstance(item.value, list) or not item.value or not isinstance(item.value[0], tuple):
        return []
    settings: Any = item.value[0][1]
    if not isinstance(settings.value, list):
        return []
    return [(key, value) for key, value in settings.value if key.value in _SHARED_FLAGS]


def _members(node: MappingNode | None) -> dict[str, Any]:
    if node is None or not isinstance(node.value, list):
        return {}
    return {str(pair[0].value): pair[1] for pair in node.value if isinstance(pair, tuple)}


def _member(node: Any, name: str) -> Any:
    found = _members(node).get(name)
    if found is None:
        raise NotEditableError(f"it has no {name} of its own")
    return found
