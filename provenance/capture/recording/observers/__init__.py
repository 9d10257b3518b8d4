"""Generators, observed: wrappers that record calls to models as they happen, with no change to the calls.

One module per package that makes calls. Each has ``observes(target) -> bool`` and ``attach(target) -> None``, and may
import its package: it is imported only where the script has done so.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TypeVar

from provenance.capture.recording.observers.calls import CALLS
from provenance.errors import ProvenanceError

Target = TypeVar("Target")

# The package that a target comes from, and the module that observes it.
_OBSERVERS = {
    "openai": "openai_client",
    "litellm": "litellm_callback",
    "opentelemetry.sdk.trace": "otel_processor",
}


def observe(target: Target) -> Target:
    """Observe the calls to models that ``target`` makes, for `provenance.record` to link rows to; gives ``target``.

    Args:
        target: a client of the `openai` package (sync or async, of any compatible service), the module `litellm`, or
            an OpenTelemetry SDK ``TracerProvider`` whose spans have ``gen_ai.*`` attributes.

    Raises:
        ProvenanceError: it is not one of these.
    """
    for package, name in _OBSERVERS.items():
        if package in sys.modules:
            observer = import_module(f"{__name__}.{name}")
            if observer.observes(target):
                observer.attach(target)
                CALLS.is_observing = True
                return target
    raise ProvenanceError(
        f"observe: a {type(target).__name__} cannot be observed; give a client of the openai package, the module "
        "litellm or an OpenTelemetry SDK TracerProvider"
    )
