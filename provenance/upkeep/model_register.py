"""Writing the register of models; what a model was trained on is resolved to commit and hashes when it is stated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from provenance.capture.redaction import refuse_secret
from provenance.capture.stated_license import stated_license
from provenance.documents import validated
from provenance.errors import RepositoryError, SidecarError, UnknownReferenceError
from provenance.files import MODELS_FILE
from provenance.models import ModelRegister, RegisteredModel, TrainingDataset
from provenance.upkeep.tracked_files import change_file, only_writer
from provenance.upkeep.yaml_editing import entries_of

if TYPE_CHECKING:
    from provenance.repository import Dataset, Repository


@dataclass(frozen=True)
class StatedModel:
    """A model as its user states it. ``trained_on``: DATASET or DATASET@REV each; ``base``: a label or a name."""

    name: str
    revision: str | None = None
    base: str | None = None
    trained_on: tuple[str, ...] = ()
    trained_on_external: tuple[str, ...] = ()
    license: str | None = None
    output_terms: str | None = None


def register_model(repository: Repository, stated: StatedModel, *, replace: bool = False) -> RegisteredModel:
    """Write the model into the register. ``replace``: in the place of the one with its label, if there is one.

    Raises:
        UnknownReferenceError: its base is not registered, or a dataset is not tracked; it is there already.
        SidecarError: a dataset has no sidecar.
        ProvenanceError: a secret is among what is stated.
        RepositoryError: no such revision; the register is not valid, or would not be, as by a cycle of bases.
    """
    for part in ("name", "revision", "license", "output_terms"):
        refuse_secret(f"model: its {part}", getattr(stated, part))
    for name in stated.trained_on_external:
        refuse_secret("model: what it was trained on", name)
    with only_writer(repository, MODELS_FILE):
        return _register(repository, stated, replace=replace)


def _register(repository: Repository, stated: StatedModel, *, replace: bool) -> RegisteredModel:
    register = repository.models()
    described = {
        "name": stated.name,
        "revision": stated.revision,
        "base": None if stated.base is None else register.named(stated.base).label,
        "trained_on": tuple(_training_dataset(repository, reference) for reference in stated.trained_on),
        "trained_on_external": stated.trained_on_external,
        "license": stated_license("model: its license", stated.license),
        "output_terms": stated.output_terms,
    }
    model = validated(RegisteredModel, described, f"{stated.name!r}: cannot be registered", error=RepositoryError)
    labels = [known.label for known in register.models]
    if model.label in labels and not replace:
        raise UnknownReferenceError(f"{model.label}: registered already; --replace puts this in its place")
    entry = model.model_dump(mode="json", exclude_defaults=True)

    def put(entries: Any) -> None:
        if model.label in labels:
            entries[labels.index(model.label)] = entry
        else:
            entries.append(entry)

    _change(repository, put)
    return model


def remove_model(repository: Repository, reference: str) -> RegisteredModel:
    """Take the model with this label (or name, if it is the only one) out of the register.

    Raises:
        UnknownReferenceError: there is none, or more than one, or another model is made from it.
        RepositoryError: the register is not valid.
    """
    with only_writer(repository, MODELS_FILE):
        register = repository.models()
        model = register.named(reference)
        made_from_it = [other.label for other in register.models if other.base == model.label]
        if made_from_it:
            raise UnknownReferenceError(f"{model.label}: the base of {', '.join(made_from_it)}; remove these first")
        _change(repository, lambda entries: entries.pop(register.models.index(model)))
        return model


def _change(repository: Repository, change: Callable[[Any], Any]) -> None:
    change_file(repository, MODELS_FILE, ModelRegister, lambda content: change(entries_of(content, "models")))


def _training_dataset(repository: Repository, reference: str) -> TrainingDataset:
    """What DATASET or DATASET@REV is. The path counts from the working directory; REV begins after the last @."""
    dataset, commit = _tracked(repository, reference, None), None
    if dataset is None:
        path, at, rev = reference.rpartition("@")
        if at:
            commit = repository.commit(rev)
            dataset = _tracked(repository, path, commit)
        if dataset is None:
            where = f"at {rev}, DVC tracks no dataset {path}" if at else "not a dataset that DVC tracks"
            named = reference or repr(reference)
            raise UnknownReferenceError(f"{named}: {where}; one held elsewhere is named with --trained-on-external")
    found = _of_workspace(repository, dataset) if commit is None else _of_commit(repository, dataset, commit)
    if found is None:
        raise SidecarError(
            f"{reference}: no lineage is recorded of it; make its sidecar first, with `provenance add` or `dvc repro`, "
            "or name it with --trained-on-external"
        )
    return found


def _tracked(repository: Repository, path: str, rev: str | None) -> Dataset | None:
    try:
        relative = repository.relative(path)
    except RepositoryError:
        # Not in this repository, or no path.
        return None
    return next((dataset for dataset in repository.datasets(rev) if dataset.path == relative), None)


def _of_workspace(repository: Repository, dataset: Dataset) -> TrainingDataset | None:
    """The dataset as it is now, in the commit that is checked out if that has it so."""
    if dataset.md5 is None or dataset.sidecar is None:
        return None
    now = TrainingDataset(path=dataset.path, md5=dataset.md5, sidecar_md5=repository.md5(dataset.sidecar)[0])
    head = repository.git_state().head
    if head is not None and (
        repository.recorded_md5(dataset.path, head) == now.md5
        and repository.recorded_md5(dataset.sidecar, head) == now.sidecar_md5
    ):
        return now.model_copy(update={"commit": head})
    return now


def _of_commit(repository: Repository, dataset: Dataset, commit: str) -> TrainingDataset | None:
    sidecar_md5 = repository.recorded_md5(dataset.sidecar, commit) if dataset.sidecar else None
    if dataset.md5 is None or sidecar_md5 is None:
        return None
    return TrainingDataset(path=dataset.path, commit=commit, md5=dataset.md5, sidecar_md5=sidecar_md5)
