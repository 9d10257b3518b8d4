"""The commands' arguments and options are those in options_of_commands.json: a change of one is seen, and meant.

Scripts and CI files have them: where one is really to change, change the list in the same commit, and say so in
CHANGELOG.md.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import typer.main

from provenance.cli import app

STORED = Path(__file__).with_name("options_of_commands.json")


def described(parameter: Any) -> str:
    """How ``parameter`` is written: an argument in capitals, an option with its short form and what it takes."""
    if parameter.param_type_name == "argument":
        return str(parameter.metavar)
    names = "/".join([*parameter.opts, *parameter.secondary_opts])
    takes = "" if parameter.is_flag else f" {parameter.metavar or parameter.name.upper()}"
    return names + takes + (" required" if parameter.required else "") + (" repeatable" if parameter.multiple else "")


def options_of(name: str, command: Any) -> dict[str, list[str]]:
    """The parameters of ``command`` and of those below it, by full names; arguments keep their order."""
    arguments = [described(each) for each in command.params if each.param_type_name == "argument"]
    options = sorted(described(each) for each in command.params if each.param_type_name == "option")
    found = {name or "provenance": arguments + options}
    for part, member in getattr(command, "commands", {}).items():
        found |= options_of(f"{name} {part}".strip(), member)
    return found


def test_no_option_has_changed() -> None:
    found = options_of("", typer.main.get_command(app))
    assert found == json.loads(STORED.read_text(encoding="utf-8"))
