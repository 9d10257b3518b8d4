"""PROV-JSON and Croissant as other programs write them, and documents that cannot be used."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.capture.declaring.importers import json_members, open_importer
from provenance.capture.declaring.importers.interface import Importer, Request
from provenance.capture.declaring.importers.json_members import members_of_members
from provenance.errors import DataError, ProvenanceError, ProvenanceWarning

ARTICLE = {
    "prefix": {"ex": "http://example.org/"},
    "entity": {
        "ex:a1": {"prov:type": "ex:Answer"},
        "ex:a2": {},
        "ex:doc": {"prov:label": "Manual", "prov:location": "https://example.org/manual"},
        "ex:prompt": {"prov:type": {"$": "prov:Plan", "type": "prov:QUALIFIED_NAME"}, "prov:value": "Answer {it}"},
    },
    "agent": {
        "ex:gpt": {"prov:type": {"$": "prov:SoftwareAgent", "type": "prov:QUALIFIED_NAME"}, "prov:label": "gpt"},
        "ex:ann": {"prov:type": {"$": "prov:Person", "type": "prov:QUALIFIED_NAME"}},
    },
    "activity": {"ex:run": {"dvcprov:gen_ai.request.temperature": {"$": "0.5", "type": "xsd:double"}}},
    "wasGeneratedBy": {"_:1": {"prov:entity": "ex:a1", "prov:activity": "ex:run"}},
    "wasAssociatedWith": {"_:2": {"prov:activity": "ex:run", "prov:agent": "ex:gpt", "prov:plan": "ex:prompt"}},
    "wasAttributedTo": {
        "_:3": [{"prov:entity": "ex:a1", "prov:agent": "ex:gpt"}, {"prov:entity": "ex:a2", "prov:agent": "ex:ann"}]
    },
    "wasDerivedFrom": {
        "_:4": {"prov:generatedEntity": "ex:a1", "prov:usedEntity": "ex:a2"},
        "_:5": {
            "prov:generatedEntity": "ex:a2",
            "prov:usedEntity": "ex:doc",
            "prov:type": {"$": "prov:PrimarySource", "type": "prov:QUALIFIED_NAME"},
        },
    },
}


def opened(folder: Path, importer: str, document: Any, part: str | None = None, key: str | None = None) -> Importer:
    file = folder / "document.json"
    file.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
    return open_importer(importer, Request(folder / "x.jsonl", part, (file,), key, folder))


@pytest.mark.parametrize("form", ["ex:{}", "http://example.org/{}", "{}"])
def test_entities_of_others_are_found_by_each_form_of_their_names(tmp_path: Path, form: str) -> None:
    importer = opened(tmp_path, "prov_json", ARTICLE, "entity", "id")
    assert not importer.states_samples
    assert importer.state({"entity": form.format("a1")}) == {
        "model": "gpt",
        "template": "Answer {it}",
        "gen_ai.request.temperature": 0.5,
        "parent_key": [form.format("a2")],
    }
    # Ann is no model, and where she is not said to be real, it is not said.
    assert importer.state({"entity": form.format("a2")}) == {
        "source": "Manual",
        "source_url": "https://example.org/manual",
    }
    assert importer.state({"entity": "another"}) == importer.state({}) == {}


def test_without_a_column_only_samples_are_read(tmp_path: Path) -> None:
    importer = opened(tmp_path, "prov_json", ARTICLE)
    assert importer.states_samples and list(importer.samples()) == []


def test_bundles_are_passed_over_and_told(tmp_path: Path) -> None:
    with pytest.warns(ProvenanceWarning, match="what is in the bundle 'ex:b' is not read"):
        opened(tmp_path, "prov_json", {**ARTICLE, "bundle": {"ex:b": {"entity": {"ex:a9": {}}}}})


@pytest.mark.parametrize(
    ("importer", "document", "problem"),
    [
        ("prov_json", "[]", "document.json: not a JSON document that can be used: '\\[' where '{' should be"),
        (
            "prov_json",
            '{"entity": {"ex:a": {}',
            "document.json: not a JSON document that can be used: it ends too early",
        ),
        ("prov_json", '{"entity": {"ex:a": 5}}', "record 1, entity 'ex:a': it is not a JSON object"),
        ("prov_json", '{"used": {"_:1": {"prov:activity": 5}}}', "record 1, used '_:1': '5' is not text"),
        ("prov_json", "{} {}", "something follows its end"),
        ("croissant", "[]", "document.json: not a JSON object"),
        ("croissant", "{}", "the document states nothing that is lineage"),
    ],
)
def test_what_cannot_be_used_is_told(tmp_path: Path, importer: str, document: str, problem: str) -> None:
    with pytest.raises(ProvenanceError, match=problem):
        opened(tmp_path, importer, document)


@pytest.mark.parametrize("importer", ["prov_json", "croissant"])
def test_the_document_is_asked_for(tmp_path: Path, importer: str) -> None:
    with pytest.raises(ProvenanceError, match="reads one document: name it with --using"):
        open_importer(importer, Request(tmp_path / "x.jsonl", None, (), None, tmp_path))


CROISSANT = {
    "@context": {"prov": "http://www.w3.org/ns/prov#"},
    "name": "Letters",
    "url": "https://letters.example",
    "license": "https://spdx.org/licenses/CC-BY-4.0.html",
    "creator": {"name": "Archive"},
    "rai:hasSyntheticData": False,
    "distribution": [{"@id": "data", "contentUrl": "https://letters.example/files/x.jsonl"}],
    "recordSet": {
        "field": [
            {
                "equivalentProperty": "prov:wasDerivedFrom",
                "source": {"fileObject": {"@id": "data"}, "extract": {"column": "of"}},
            }
        ],
        "annotation": {
            "equivalentProperty": "prov:wasAttributedTo",
            "source": {"fileObject": {"@id": "data"}, "extract": {"column": "by"}},
        },
    },
    "prov:wasAttributedTo": [
        {"@id": "ex:m", "@type": "prov:SoftwareAgent", "prov:label": "m-1"},
        {"@id": "ex:ann", "@type": "prov:Person", "prov:label": "Ann"},
    ],
}
WHOLE = {
    "source": "Letters",
    "source_url": "https://letters.example",
    "publisher": "Archive",
    "license": "CC-BY-4.0",
    "origin": "real",
}


def test_what_croissant_says_of_the_whole_holds_for_each_row(tmp_path: Path) -> None:
    importer = opened(tmp_path, "croissant", CROISSANT)
    assert importer.state({"text": "a"}) == importer.state({"text": "a", "by": "ex:ann", "of": "7"}) == WHOLE
    assert opened(tmp_path, "croissant", CROISSANT, "mine").state({})["source"] == "mine"
    for said in (True, None):
        assert "origin" not in opened(tmp_path, "croissant", CROISSANT | {"rai:hasSyntheticData": said}).state({})


def test_annotations_of_records_are_read_from_the_rows(tmp_path: Path) -> None:
    stated = CROISSANT | {"rai:hasSyntheticData": True}
    importer = opened(tmp_path, "croissant", stated, key="id")
    found = importer.state({"by": "ex:m", "of": ["7", "8"]})
    assert (found["model"], found["parent_key"]) == ("m-1", ["7", "8"])
    other = opened(tmp_path, "croissant", stated | {"distribution": [{"@id": "data", "contentUrl": "y.jsonl"}]})
    assert "model" not in other.state({"by": "ex:m"})


@pytest.mark.parametrize("place", ["/etc/passwd", "../rows.parquet", "https://example.org/rows.parquet"])
def test_a_file_of_rows_is_beside_its_document(tmp_path: Path, place: str) -> None:
    own = {
        "@context": {"dvcprov": "urn:dvc-provenance:"},
        "name": "x",
        "distribution": [{"@id": "rows", "contentUrl": place}],
        "recordSet": [{"@id": "lineage", "field": [{"source": {"fileObject": {"@id": "rows"}}}]}],
    }
    with pytest.raises(ProvenanceError, match="is not beside it"):
        opened(tmp_path, "croissant", own)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.dictionaries(st.text(), st.dictionaries(st.text(), values, max_size=4) | values, max_size=4), st.integers(1, 9)
)
def test_a_document_is_read_member_by_member_wherever_it_is_cut(document: dict[str, Any], at_once: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_members, "_AT_ONCE", at_once)
        text = json_members._Text(_Slowly(json.dumps(document, indent=1), at_once))
        found = list(json_members._members_of_members(text))
    wanted = [(a, b, value) for a, inner in document.items() if isinstance(inner, dict) for b, value in inner.items()]
    assert found == wanted


class _Slowly(io.StringIO):
    """A file that gives at most so many characters at once."""

    def __init__(self, text: str, most: int) -> None:
        super().__init__(text)
        self._most = most

    def read(self, size: int | None = -1, /) -> str:
        return super().read(self._most if size is None or size < 0 else min(size, self._most))


def test_a_value_that_never_ends_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_members, "_LONGEST_VALUE", 1000)
    monkeypatch.setattr(json_members, "_AT_ONCE", 100)
    file = tmp_path / "long.json"
    file.write_text('{"a": {"b": "' + "x" * 10_000)
    with pytest.raises(DataError, match="a value is longer than"):
        list(members_of_members(file))
