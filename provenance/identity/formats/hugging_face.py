"""What `save_to_disk` of Hugging Face's `datasets` writes: Arrow streams, and JSON that gives their order."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from provenance.errors import DataError
from provenance.files import whole_file
from provenance.identity.formats.interface import Rewriting
from provenance.identity.formats.shards import ShardsReader
from provenance.identity.samples import Identity

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_STATE, _INFO, _SPLITS = "state.json", "dataset_info.json", "dataset_dict.json"
_MOST_JSON_BYTES = 64 << 20


class SavedDatasetReader(ShardsReader):
    """See `Reader`. The JSON beside the rows is kept in step with them."""

    def strip(self, names: Collection[str]) -> bool:
        if not super().strip(names):
            return False
        for folder in dict.fromkeys(self.path / Path(name).parent for name in self.names):
            _rewrite(folder / _INFO, lambda info: _without_features(info, names))
            _rewrite(folder / _STATE, lambda state: _without_state(state, names))
        return True

    def beside(self, stays: Mapping[str, npt.NDArray[np.bool_]]) -> Mapping[str, Rewriting]:
        states = dict.fromkeys((Path(name).parent / _STATE).as_posix() for name in stays)
        return {state: partial(self._write_state, state, stays) for state in states}

    def _write_state(self, name: str, stays: Mapping[str, npt.NDArray[np.bool_]], target: Path) -> None:
        state = _load(self.path / name)
        went = hashlib.sha256()
        for file, rows in stays.items():
            went.update(f"{file}\n".encode())
            went.update(rows.data)
        _refresh_fingerprint(state, f"rows {went.hexdigest()}")
        target.write_text(_text_of(state), encoding="utf-8")


def is_saved_dataset(path: Path) -> bool:
    """Whether ``path`` is a directory that `Dataset.save_to_disk` or `DatasetDict.save_to_disk` wrote."""
    return (path / _SPLITS).is_file() or ((path / _STATE).is_file() and (path / _INFO).is_file())


def open_saved_dataset(path: Path, identity: Identity) -> SavedDatasetReader:
    """The reader of all splits, one after another; raises DataError where the JSON is not as `datasets` writes it."""
    if not (path / _SPLITS).is_file():
        return SavedDatasetReader(path, identity, _shards(path))
    splits = _names(path / _SPLITS, lambda content: content["splits"])
    return SavedDatasetReader(
        path, identity, [f"{split}/{shard}" for split in splits for shard in _shards(path / split)]
    )


def _shards(path: Path) -> list[str]:
    return _names(path / _STATE, lambda content: [file["filename"] for file in content["_data_files"]])


def _names(file: Path, of: Callable[[Any], list[Any]]) -> list[str]:
    """Names in the folder of ``file``, of which its JSON speaks."""
    content = _load(file)
    names: list[Any] = []
    try:
        names = of(content)
        safe = all(isinstance(name, str) and Path(name).name == name and "\\" not in name for name in names)
    except (KeyError, TypeError):
        safe = False
    if not safe:
        raise DataError(file, None, "not as Hugging Face datasets writes it; save the dataset again")
    return list(names)


def _load(file: Path) -> Any:
    try:
        with open(file, "rb") as opened:
            return json.loads(opened.read(_MOST_JSON_BYTES))
    except (OSError, ValueError, RecursionError):
        raise DataError(file, None, "missing or not valid JSON; save the dataset again") from None


def _rewrite(file: Path, change: Callable[[Any], None]) -> None:
    content = _load(file)
    change(content)
    with whole_file(file) as temporary:
        temporary.write_text(_text_of(content), encoding="utf-8")


def _text_of(content: Any) -> str:
    return json.dumps(content, indent=2, sort_keys=True)


def _without_features(info: Any, names: Collection[str]) -> None:
    features = info.get("features") if isinstance(info, dict) else None
    if isinstance(features, dict):
        for name in names:
            features.pop(name, None)


def _without_state(state: Any, names: Collection[str]) -> None:
    if isinstance(columns := state.get("_format_columns"), list):
        state["_format_columns"] = [name for name in columns if name not in names]
    _refresh_fingerprint(state, " ".join(["without", *sorted(names)]))


def _refresh_fingerprint(state: Any, change: str) -> None:
    # `datasets` finds what it cached by the fingerprint: other columns, or rows, need another one.
    changed = f"{state.get('_fingerprint')} {change}"
    state["_fingerprint"] = hashlib.sha256(changed.encode()).hexdigest()[:16]
