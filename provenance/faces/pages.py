"""Templates and the style sheet: how a page is put together.

Every template escapes by default and refuses names that it was not given. Text from data passes the filter `show`, or
`plain` in an attribute; nothing is ever marked as safe in a template.
"""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

FOLDER = Path(__file__).parent
PARTS = ("base", "parts", "report", "explorer", "print")


def environment(*folders: Path) -> Environment:
    """Jinja2 with the filters and charts of every face; templates are in ``folders`` or in this package."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    from provenance.faces import charts
    from provenance.faces.display import plain, show
    from provenance.faces.flow import flow
    from provenance.faces.numbers import figure, percent, size
    from provenance.faces.palette import NAMES, ORIGINS
    from provenance.plurals import counted

    made = Environment(
        loader=FileSystemLoader([*folders, FOLDER / "templates"]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters = {"show": show, "plain": plain, "percent": percent, "count": counted, "size": size, "figure": figure}
    made.filters.update(filters, kind=kind_in_words, starting=_starting, number="{:,}".format)
    made.globals.update(
        origin=charts.origin,
        sign=charts.sign,
        state=charts.state,
        strand=charts.strand,
        bar=charts.bar,
        share_bar=charts.share_bar,
        history=charts.history,
        spark=charts.spark,
        ranges=charts.ranges,
        flow=flow,
        hatching=charts.hatching(),
        origins=NAMES,
        origin_table=ORIGINS,
    )
    return made


@cache
def stylesheet(*parts: str) -> str:
    """The style sheet of a face: the tokens, and those of `PARTS` that are named, in the order in which they layer."""
    from provenance.faces.palette import tokens

    texts = [f"@layer tokens, {', '.join(PARTS)};", tokens()]
    texts += [(FOLDER / "styles" / f"{name}.css").read_text(encoding="utf-8") for name in ("tokens", *parts)]
    without_comments = re.sub(r"/\*.*?\*/", "", "\n".join(texts), flags=re.DOTALL)
    return re.sub(r"\n\s*", "\n", without_comments).strip()


def style_of(*parts: str) -> Markup:
    """The same for a style element: it is ours, and holds nothing from data."""
    from markupsafe import Markup

    return Markup(stylesheet(*parts))


def style_within(name: str, part: str) -> Markup:
    """The style sheet ``part`` and the colours of origins, for a page of others: within the class ``name``."""
    from markupsafe import Markup

    return Markup(_within(name, part))


@cache
def _within(name: str, part: str) -> str:
    from provenance.faces.palette import tokens

    ours = (FOLDER / "styles" / f"{part}.css").read_text(encoding="utf-8")
    return tokens().replace(":root", f".{name}") + "\n" + ours


def style_hash(style: str) -> str:
    """What a Content-Security-Policy calls ``style``."""
    return "sha256-" + base64.b64encode(hashlib.sha256(style.encode()).digest()).decode("ascii")


def kind_in_words(value: str) -> str:
    """How a synthetic row was made, and the like, as a phrase: ``self_revision`` is "self-revision"."""
    return value.replace("_", "-") if value.islower() else value


def _starting(text: str) -> str:
    """``text`` as the start of a sentence."""
    return text[:1].upper() + text[1:]
