"""The data that is looked through: found on this machine, and known to be text."""

from __future__ import annotations

from pathlib import Path

from provenance.auditing.measure import NotMeasured
from provenance.errors import RepositoryError
from provenance.identity.formats import open_reader
from provenance.ledger.contents import whole_data
from provenance.ledger.part import Part
from provenance.ledger.row_places import identity_of_sidecar


def data_of(part: Part) -> Path | NotMeasured:
    """The data of ``part``; not measured where it is not at hand, or no text.

    Raises:
        SidecarError: the sidecar is of other data.
    """
    part.dataset.require_current()
    try:
        data = whole_data(part.ledger, part.dataset)
    except RepositoryError as error:
        return NotMeasured(str(error))
    if open_reader(data, identity_of_sidecar(part.ledger, part.dataset)).samples_are_files:
        return NotMeasured(f"{part.dataset.path}: its samples are files, which are not read as text")
    return data
