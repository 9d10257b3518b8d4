"""`_manifest.json`: which files of a folder are the parts of a sharded sidecar, and what its header is.

docs/specification/sidecar-manifest.schema.json is made from `Manifest`. The file is written last, so what it does not
name does not count; a name in it is that of a file in the same folder, whoever wrote it.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from provenance.errors import SidecarError
from provenance.file_digests import sha256_of
from provenance.lineage.records import Header
from provenance.settings import MOST_PARTS
from provenance.stored import FolderElsewhere, StoredFile

MANIFEST = "_manifest.json"
MOST_BITS = MOST_PARTS.bit_length() - 1

_NAME = r"^(part|gone)-[0-9]{5}-[0-9a-f]{16}\.parquet$"
_PART_NAME = re.compile(_NAME)


class Part(BaseModel):
    """A Parquet file with the records whose sample ids begin with the bits ``number``, sorted by id."""

    model_config = ConfigDict(frozen=True)

    name: Annotated[str, Field(pattern=_NAME)] = Field(description="kind, number and the first digits of its sha256")
    number: Annotated[int, Field(ge=0, lt=1 << MOST_BITS)]
    records: Annotated[int, Field(ge=0, lt=1 << 48)]
    size: Annotated[int, Field(ge=0, lt=1 << 62)] = Field(description="in bytes")
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]

    @model_validator(mode="after")
    def _require_own_name(self) -> Part:
        if self.name[5:] != f"{self.number:05d}-{self.sha256[:16]}.parquet":
            raise ValueError("a part's name has its number and the first digits of its sha256")
        return self


class Generation(BaseModel):
    """Parts that were written together. A sample with records in a later generation has none of an earlier one."""

    model_config = ConfigDict(frozen=True)

    parts: tuple[Part, ...] = Field(description="of different numbers, ascending; where a number has none, no records")
    gone: tuple[Part, ...] = Field(default=(), description="ids alone: samples that have no record any more")

    @model_validator(mode="after")
    def _require_order(self) -> Generation:
        for kind, parts in (("part", self.parts), ("gone", self.gone)):
            numbers = [part.number for part in parts]
            if numbers != sorted(set(numbers)):
                raise ValueError("the numbers of its parts do not ascend")
            if not all(part.name.startswith(kind) for part in parts):
                raise ValueError("a part has the name of another kind")
        return self


class Layout(BaseModel):
    """How the records are divided: into ``2 ** bits`` parts at most, by the leading bits of the sample id."""

    model_config = ConfigDict(frozen=True)

    bits: Annotated[int, Field(ge=0, le=MOST_BITS)]
    digest_size: Annotated[int, Field(ge=1, le=1024)] = Field(description="length of a sample id in bytes")
    generations: Annotated[tuple[Generation, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _require_numbers(self) -> Layout:
        if not self.generations[0].parts:
            # Even without records there is one, for whoever reads its columns.
            raise ValueError("its first generation has no part")
        numbers = [part.number for each in self.generations for part in (*each.parts, *each.gone)]
        if max(numbers) >> self.bits:
            raise ValueError(f"a part's number does not fit in {self.bits} bits")
        return self

    @property
    def files(self) -> list[Part]:
        """All that is part of the sidecar, but the manifest."""
        return [part for each in self.generations for part in (*each.parts, *each.gone)]


class Manifest(Header):
    """The whole file: the header, as a single file has it in its footer, and the ``layout``."""

    layout: Layout


def is_part(name: str) -> bool:
    """Whether a file of this name may be a part, or may have been one before."""
    return _PART_NAME.fullmatch(name) is not None


def is_records(name: str) -> bool:
    """Whether the part of this name has records, and not the ids of those that have gone."""
    return name.startswith("part-")


def read_manifest(folder: Path) -> tuple[dict[str, Any], Layout]:
    """The values of the header, not yet looked at, and the layout of the sidecar at ``folder``.

    Raises:
        SidecarError: there is no manifest, it is damaged, a part is missing, or a file is none of the sidecar's.
    """
    file = folder / MANIFEST
    try:
        values = json.loads(file.read_bytes())
    except FileNotFoundError as error:
        raise SidecarError(
            f"{folder}: a folder without {MANIFEST}, so no sidecar; restore it with `dvc checkout`, or move it away"
        ) from error
    except (OSError, ValueError, RecursionError) as error:
        raise _damaged(file, str(error).split("\n")[0]) from error
    if not isinstance(values, dict) or "layout" not in values:
        raise _damaged(file, "it has no layout")
    try:
        layout = Layout.model_validate(values.pop("layout"))
    except (ValidationError, RecursionError) as error:
        raise _damaged(file, _first_problem(error)) from error
    _require_files(folder, layout)
    return values, layout


def stating_file(path: Path) -> Path:
    """The file whose digest stands for all of the sidecar at ``path``: itself, or its manifest, which has its parts'.

    Raises:
        SidecarError: a part is not as the manifest states it.
    """
    if not path.is_dir():
        return path
    altered = altered_parts(path)
    if altered:
        raise SidecarError(f"{path / altered[0]}: not as {MANIFEST} states it; restore it with `dvc checkout`")
    return path / MANIFEST


def altered_parts(path: Path) -> list[str]:
    """The names of the parts, all of which are read, whose content is not as the manifest of ``path`` states it."""
    return [name for file, name, sha256 in stated_parts(path) if is_altered(file, sha256)]


def stated_parts(path: Path) -> list[tuple[Path, str, str]]:
    """Each part of the sidecar at ``path``, with its name, and its SHA-256 as the manifest states it."""
    parts = read_manifest(path)[1].files if path.is_dir() else []
    return [(path / part.name, part.name, part.sha256) for part in parts]


def is_altered(file: Path, sha256: str) -> bool:
    """Whether the content of ``file``, all of which is read, has another SHA-256."""
    return sha256_of(file) != f"sha256:{sha256}"


def require_no_strangers(folder: Path) -> None:
    """Refuse a folder with files that are none of a sidecar's; one whose name begins with a dot is nobody's.

    Raises:
        SidecarError: it has such a file.
    """
    names = {path.name for path in folder.iterdir()}
    strange = sorted(name for name in names if name != MANIFEST and not is_part(name) and not name.startswith("."))
    if strange:
        raise SidecarError(f"{folder}/{strange[0]}: no part of the sidecar that this folder is; move it elsewhere")


def _require_files(folder: Path, layout: Layout) -> None:
    """Every part is there, of its size; and nothing else, but what a writer that was killed has left."""
    there = folder.files if isinstance(folder, FolderElsewhere) else {path.name: path for path in folder.iterdir()}
    for part in layout.files:
        file = there.get(part.name)
        if file is None or not file.is_file():
            raise SidecarError(f"{folder / part.name}: missing, a part of the sidecar; restore it with `dvc checkout`")
        if isinstance(file, StoredFile):
            # Believed, as what is not the end of a part is not the end of a Parquet file.
            file.state_size(part.size)
        elif (size := file.stat().st_size) != part.size:
            raise SidecarError(
                f"{file}: has {size} bytes, and {MANIFEST} states {part.size}; restore it with `dvc checkout`"
            )
    require_no_strangers(folder)


def _first_problem(error: ValidationError | RecursionError) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    first = error.errors(include_input=False, include_url=False)[0]
    return f"{'.'.join(map(str, ('layout', *first['loc'])))}: {first['msg']}"


def _damaged(file: Path, problem: str) -> SidecarError:
    return SidecarError(f"{file}: damaged ({problem}); restore it with `dvc checkout`, or make it again")
