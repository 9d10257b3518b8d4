"""Folders of links to what is kept by its content: a directory that DVC has in its cache, as a folder to read."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from provenance.files import scratch_folder


class LinkedFolders:
    """The folders in ``folder``, which can be made again, by the hashes of the directories."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def of(self, digest: str, files: Mapping[str, Path]) -> Path:
        """The folder for the directory of hash ``digest``, with ``files`` by their paths in it."""
        place = self._folder / digest
        links = {name: os.path.abspath(file) for name, file in files.items()}
        if _links_in(place) == links:
            return place
        with scratch_folder(self._folder, "links") as scratch:
            draft = scratch / "content"
            draft.mkdir()
            for name, file in links.items():
                link = draft / name
                link.parent.mkdir(parents=True, exist_ok=True)
                link.symlink_to(file)
            if place.exists():
                os.replace(place, scratch / "replaced")
            os.replace(draft, place)
        return place


def _links_in(place: Path) -> dict[str, str]:
    found = {}
    for folder, _, names in os.walk(place):
        for name in names:
            link = os.path.join(folder, name)
            found[os.path.relpath(link, place)] = os.readlink(link)
    return found
