"""Files beside a dataset that are damaged, hostile or not what they should be."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from provenance.capture.declaring.importers import open_importer
from provenance.capture.declaring.importers.interface import Request
from provenance.capture.lookup import Lookup
from provenance.errors import ProvenanceError, ProvenanceWarning

SPANS = """{"resourceSpans": [{"scopeSpans": [{"spans": [{"attributes": [
{"key": "gen_ai.response.id", "value": {"stringValue": "r"}},
{"key": "gen_ai.usage.input_tokens", "value": {%s}}]}]}]}]}""".replace("\n", "")


def asked(folder: Path, part: str | None, *files: Path) -> Request:
    return Request(folder / "x.jsonl", part, files, None, folder)


@pytest.mark.parametrize(
    ("importer", "content", "problem"),
    [
        ("openai_batch", '{"custom_id": "a"', "left.jsonl:1: not JSON"),
        ("openai_batch", "[]", "left.jsonl:1: not a JSON object"),
        ("openai_batch", '\n{"id": "a"}', "left.jsonl:2: neither a batch request nor a batch response"),
        ("curator", "{", "left.jsonl:1: not JSON"),
        ("otel_spans", "{", "left.jsonl:1: not JSON"),
        ("otel_spans", SPANS % ('"intValue": "many"'), "left.jsonl:1: a span cannot be used"),
        ("otel_spans", SPANS % ('"intValue": "' + "9" * 30 + '"'), "left.jsonl:1: a span cannot be used"),
        ("data_designer", "{", "left.jsonl: not JSON"),
        ("data_designer", "{}", "columns that a model writes: none"),
        ("hugging_face", "# Title", "left.jsonl:1: no metadata"),
        ("hugging_face", "---\na: [\n---\n", "not valid YAML"),
        ("hugging_face", "---\n- a\n---\n", "not a YAML mapping"),
        ("hugging_face", "---\nsize: 1\n---\n", "the card says nothing"),
        ("hugging_face", "---\nlicense: !!python/object:os.system {}\n---\n", "not valid YAML"),
    ],
)
def test_a_damaged_file_is_told_by_name_and_line(tmp_path: Path, importer: str, content: str, problem: str) -> None:
    left = tmp_path / "left.jsonl"
    left.write_text(content, encoding="utf-8")
    with pytest.raises(ProvenanceError, match=problem):
        open_importer(importer, asked(tmp_path, None, left))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("license: 4.0", "left.md: license: 4.0 is not text, so it is not recorded; put it in quotes"),
        ("license: [mit, 2]", "left.md: license: 2 is not text, so it is not recorded; put it in quotes"),
        (
            "license: [mit, apache-2.0]",
            "left.md: license: 'mit, apache-2.0': which rows have which licence is not said",
        ),
        ("pretty_name: 7", "left.md: pretty_name: 7 is not text, so it is not recorded; put it in quotes"),
    ],
)
def test_what_a_card_states_and_is_not_taken_is_said_in_one_line(tmp_path: Path, line: str, said: str) -> None:
    left = tmp_path / "left.md"
    left.write_text(f"---\nlanguage_creators: found\n{line}\n---\n", encoding="utf-8")
    with pytest.warns(ProvenanceWarning) as warned:
        importer = open_importer("hugging_face", asked(tmp_path, None, left))
    (message,) = (str(each.message) for each in warned)
    assert message.startswith(said) and "\n" not in message
    assert importer.state({})["origin"] == "real"


@pytest.mark.parametrize("importer", ["curator", "data_designer", "distilabel", "openai_batch", "otel_spans"])
def test_what_is_missing_is_asked_for(tmp_path: Path, importer: str) -> None:
    with pytest.raises(ProvenanceError, match=r"name (it|the)"):
        open_importer(importer, asked(tmp_path, None))


def test_a_key_of_several_entries_is_an_error_only_where_it_is_used(tmp_path: Path) -> None:
    left = tmp_path / "left.jsonl"
    lines = [
        {"custom_id": key, "response": {"status_code": 200, "body": {"id": f"r{n}"}}} for n, key in enumerate("aab")
    ]
    left.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    importer = open_importer("openai_batch", asked(tmp_path, None, left))
    assert importer.state({"custom_id": "b"})["response_id"] == "r2"
    assert importer.state({"custom_id": "c"}) == {}
    with pytest.raises(ValueError, match="custom_id 'a' fits more than one entry"):
        importer.state({"custom_id": "a"})
    importer.close()


def test_failed_responses_state_nothing(tmp_path: Path) -> None:
    left = tmp_path / "left.jsonl"
    line = {"custom_id": "a", "response": {"status_code": 500, "body": {"id": "r"}}}
    left.write_text(json.dumps(line), encoding="utf-8")
    importer = open_importer("openai_batch", asked(tmp_path, None, left))
    assert importer.state({"custom_id": "a"}) == {}
    importer.close()


def test_a_lookup_keeps_one_value_per_key(tmp_path: Path) -> None:
    lookup = Lookup(tmp_path / "entries.sqlite")
    for key, value in ((b"a", b"1"), (b"a", b"1"), (b"b", b"1"), (b"b", b"2"), (b"b", b"1")):
        lookup.add(key, value)
    assert (lookup.get(b"a"), lookup.get(b"c")) == (b"1", None)
    with pytest.raises(ValueError, match="not a key"):
        lookup.get(b"b")
    lookup.close()
