from __future__ import annotations

import re
from pathlib import Path

import jinja2
import pytest

from provenance.faces.pages import PARTS, environment, style_hash, stylesheet


def test_templates_escape_and_refuse_names_that_were_not_given(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("<p>{{ text }}</p>")
    page = environment(tmp_path).get_template("page.html")
    assert page.render(text="<b>") == "<p>&lt;b&gt;</p>"
    with pytest.raises(jinja2.UndefinedError):
        page.render()


@pytest.mark.parametrize("template", environment().list_templates())
def test_no_template_marks_anything_as_safe(template: str) -> None:
    loader = environment().loader
    assert loader is not None
    source = loader.get_source(environment(), template)[0]
    assert not re.search(r"\|\s*safe\b|autoescape|style=|<script|\bon[a-z]+=", source)


def test_a_style_sheet_loads_nothing_and_is_named_by_its_hash() -> None:
    whole = stylesheet(*PARTS)
    assert set(re.findall(r"url\(([^)]*)\)", whole)) == {"#hatch"}
    assert "@import" not in whole and "//" not in whole and "/*" not in whole and "</" not in whole
    assert whole.count("{") == whole.count("}")
    assert style_hash("") == "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="


def test_a_face_gets_only_the_parts_that_it_names() -> None:
    assert "with-facets" not in stylesheet("base", "parts", "report", "print")
    assert "with-facets" in stylesheet("explorer")


def test_parts_of_pages_render() -> None:
    page = (
        environment()
        .from_string(
            '{% import "parts.html" as parts %}{% call parts.section(2, "a", "What", "lead") %}'
            '{{ parts.legend({"real": 3, "unknown": 1}) }}{{ parts.fields([("<x>", "y"), ("z", "w")]) }}'
            '{% call parts.scrolling("a \u202e table") %}{{ parts.flow_table([]) }}{{ parts.history_table([]) }}'
            "{% endcall %}{% endcall %}"
        )
        .render()
    )
    assert '<h2 id="a-title">What</h2>' in page
    assert "75.0%" in page and "&lt;x&gt;" in page and "a \\u202e table" in page
