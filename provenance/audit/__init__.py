"""The audit: what datasets are made of, what measures find, and what a policy makes of both.

The package can be called: ``provenance.audit("mix.parquet", policy="baseline")`` is `provenance.audit.audit.audit`.
"""

from __future__ import annotations

import sys
from types import ModuleType

# `typing` itself would be most of what `import provenance` costs; type checkers know this name without it.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from provenance.audit.audit import Audit


class _CallablePackage(ModuleType):
    """A public function and the package that it is made of bear one name, and whichever is imported first, it works."""

    def __call__(self, *args: Any, **options: Any) -> Audit:
        from provenance.audit.audit import audit

        return audit(*args, **options)


sys.modules[__name__].__class__ = _CallablePackage
