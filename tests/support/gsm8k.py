"""GSM8K with model-made children: real data that is not part of the project, and lies beside it where it is there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

_FOLDER = Path(__file__).resolve().parents[3] / "shared/data/gsm8k"


def gsm8k(name: str) -> list[dict[str, Any]]:
    """The rows of one of its files; where it is absent, the test is skipped."""
    path = _FOLDER / name
    if not path.is_file():
        pytest.skip(f"real data is absent: {path}")
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
