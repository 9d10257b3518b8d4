"""A stage that changes text or nested content is never reported as carrying its rows, nor is their origin known."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from support.workbench import DERIVATION, Workbench

from provenance.identity.field_names import is_metadata_name
from provenance.lineage.content_choice import settled_by
from provenance.lineage.records import IdentitySettings

NAMES = st.sampled_from(["code", "notes", "answer", "ideal", "rubric", "steps", "solution", "x"]) | st.text(
    st.characters(categories=["Ll", "Lu"], max_codepoint=0x24F), min_size=1, max_size=9
)
VALUES = st.sampled_from(["short", "a text of more than five words", ["a", "b"], {"a": 1}, [{"content": "a"}]])


def stated(rule: str, fields: str, beside: str = "", **more: Any) -> IdentitySettings:
    settings = {"digest": "xxh3_128", "canonical_form": 1, "rule": rule, **more}
    return IdentitySettings.model_validate({**settings, "fields": fields.split(), "beside": beside.split()})


def test_what_inputs_settle() -> None:
    found = settled_by([stated("declared", "text", "code notes"), stated("named", "code text", "url")])
    assert (sorted(found.kept), sorted(found.left)) == (["text"], ["notes"])
    found = settled_by([stated("table", "a b"), stated("named", "text", "c", kept=["id"], left=["d", "a"])])
    assert (sorted(found.kept), sorted(found.left)) == (["a", "b", "id"], ["d"])


@settings(deadline=None, max_examples=20)
@given(name=NAMES, before=VALUES, after=VALUES, is_new=st.booleans())
def test_changed_content_has_no_known_origin(name: str, before: object, after: object, is_new: bool) -> None:
    # A single text that the lists call metadata may change; then the column is not content.
    if name == "text" or any(is_metadata_name(name, form) for form in ("text", "list", "object")):
        return
    if before == after and not is_new:
        return
    with TemporaryDirectory() as folder:
        workbench = Workbench(Path(folder))
        rows = [{"text": f"document {number}"} for number in range(3)]
        old = rows if is_new else [{**row, name: before} for row in rows]
        source = workbench.collected("documents.jsonl", old)
        out = workbench.dataset("out.jsonl", [{**row, name: after} for row in rows])
        report = workbench.complete(out, dependencies=[source], derivation=DERIVATION)
        assert report.carried == 0
        assert {workbench.record(out, {**row, name: after})["origin"] for row in rows} == {"unknown"}
