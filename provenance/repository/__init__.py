"""DVC and git: the only package that imports them.

Paths that go in and out are relative to the DVC root, with forward slashes; `Repository.relative` makes them.
"""

from provenance.repository.repository import Repository
from provenance.repository.stages import Stage
from provenance.repository.tracked import Dataset

__all__ = ["Dataset", "Repository", "Stage"]
