"""`model add`, `list`, `show` and `remove`: the register of models."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Annotated, Any

import typer

from provenance.cli import output
from provenance.cli.next_steps import tell_to_add
from provenance.cli.options import CommonOptions, command
from provenance.report.plain_text import CELL_WIDTH, safe

if TYPE_CHECKING:
    from provenance.models import ModelRegister, RegisteredModel

ModelArgument = Annotated[str, typer.Argument(metavar="MODEL", help="NAME@REVISION, or NAME where that is enough.")]


@command()
def add(
    options: CommonOptions,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The name by which lineage records know it.")],
    revision: Annotated[str | None, typer.Option(metavar="R", help="Its revision; default: stands for all.")] = None,
    trained_on: Annotated[
        list[str] | None,
        typer.Option(metavar="DATASET[@REV]", help="A dataset it was trained on, at a git revision."),
    ] = None,
    trained_on_external: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="A dataset it was trained on that is held elsewhere.")
    ] = None,
    base: Annotated[
        str | None, typer.Option(metavar="MODEL", help="The registered model that it was made from.")
    ] = None,
    license_: Annotated[
        str | None, typer.Option("--license", metavar="SPDX", help="Licence of the weights, as an SPDX expression.")
    ] = None,
    terms: Annotated[str | None, typer.Option(metavar="TEXT", help="What its terms impose on its outputs.")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Put it in the place of one registered already.")] = False,
) -> None:
    """Register a model: what it was trained on, and made from.

    Lineage then goes on through it, from the data it was trained on to the rows that it generates.

    Example: provenance model add helper --revision 2 --base helper@1 --trained-on data/mix.parquet@HEAD
    """
    from provenance.files import MODELS_FILE
    from provenance.upkeep.model_register import StatedModel, register_model

    stated = StatedModel(
        name, revision, base, tuple(trained_on or ()), tuple(trained_on_external or ()), license_, terms
    )
    repository = options.open_repository()
    model = register_model(repository, stated, replace=replace)
    if options.as_json:
        output.write_json(document(model))
    elif not options.quiet:
        output.write_line(f"{safe(model.label)}: {_training(model)}")
        _tell_of_name(model)
        tell_to_add(repository, [MODELS_FILE])


def _tell_of_name(model: RegisteredModel) -> None:
    """Say how a name was understood that may have been meant as NAME@REVISION; some models are called so."""
    name, _, revision = model.name.rpartition("@")
    if name and revision and model.revision is None:
        stated = safe(f"{shlex.quote(name)} --revision {shlex.quote(revision)}")
        output.write_line(f"all of it is taken as the name; to state a revision: `provenance model add {stated}`")


@command(at_revision=True)
def list_(
    options: CommonOptions,
) -> None:
    """List the registered models.

    Example: provenance model list --rev HEAD~1
    """
    register = options.open_repository().models(options.rev)
    if options.as_json:
        output.write_json({"models": [document(model) for model in register.models]})
    elif not options.quiet:
        _print_register(register)


@command(at_revision=True)
def show(
    options: CommonOptions,
    model: ModelArgument,
) -> None:
    """Show what is registered of a model and of those it came from.

    Example: provenance model show helper@2
    """
    register = options.open_repository().models(options.rev)
    line = register.lineage(register.named(model))
    if options.as_json:
        output.write_json(document(line[0]) | {"bases": [document(base) for base in line[1:]]})
    elif not options.quiet:
        for number, each in enumerate(line):
            _print_model(each, "" if number == 0 else "made from ")


@command()
def remove(
    options: CommonOptions,
    model: ModelArgument,
) -> None:
    """Take a model out of the register.

    One that another model is made from stays: remove that first.

    Example: provenance model remove helper@1
    """
    from provenance.upkeep.model_register import remove_model

    removed = remove_model(options.open_repository(), model)
    if options.as_json:
        output.write_json(document(removed))
    elif not options.quiet:
        output.write_line(f"removed {safe(removed.label)}")


def document(model: RegisteredModel) -> dict[str, Any]:
    """The model as JSON, with the label by which selectors know it."""
    return {"model": model.label} | model.model_dump(mode="json")


def _print_register(register: ModelRegister) -> None:
    if not register.models:
        output.write_line("no models are registered: see `provenance model add --help`")
        return
    columns = [(model.label, model.base or "-", _training(model), model.license or "-") for model in register.models]
    rows = [[safe(cell, CELL_WIDTH) for cell in row] for row in columns]
    output.write_table(("model", "made from", "trained on", "license"), rows)


def _print_model(model: RegisteredModel, said: str) -> None:
    output.write_line(f"{said}model {safe(model.label)}")
    for dataset in model.trained_on:
        at = dataset.commit or "not committed"
        output.write_line(f"  trained on: {safe(dataset.path)} at {at} (md5 {dataset.md5})")
    for name in model.trained_on_external:
        output.write_line(f"  trained on: {safe(name)}, held elsewhere")
    for label, value in (("license", model.license), ("output terms", model.output_terms)):
        if value:
            output.write_line(f"  {label}: {safe(value)}")


def _training(model: RegisteredModel) -> str:
    """What the model was trained on, in one line that is safe already."""
    datasets = [dataset.label for dataset in model.trained_on]
    return safe(", ".join([*datasets, *model.trained_on_external]) or "training data not stated")
