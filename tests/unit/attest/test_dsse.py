"""Envelopes: what is signed is what the standard says, and one text stands for one content."""

from __future__ import annotations

import json
from typing import Any

import pytest

from provenance.attest.dsse import open_envelope, parse_json, seal
from provenance.errors import ProvenanceError


def envelope(payload: bytes = b"hello world") -> dict[str, Any]:
    return seal("http://example.com/HelloWorld", payload, "key", lambda content: b"signed " + content)


def test_what_is_signed_is_as_in_the_standards_example() -> None:
    opened = open_envelope(envelope(), "it")
    assert opened.signed == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    assert opened.signatures == (b"signed " + opened.signed,)
    assert (opened.kind, opened.payload) == ("http://example.com/HelloWorld", b"hello world")


def test_lengths_are_of_bytes() -> None:
    assert open_envelope(envelope("ü".encode()), "it").signed.endswith(b" 2 \xc3\xbc")


def test_either_alphabet_of_base64_is_read() -> None:
    document = envelope(b"\xfb\xff\xfe")
    assert document["payload"] == "+//+"
    assert open_envelope(document | {"payload": "-__-"}, "it").payload == b"\xfb\xff\xfe"


@pytest.mark.parametrize("payload", ["aGk", "aGl=", "aGk=\n", "a Gk=", "ä", "aGk=="])
def test_another_text_for_a_content_is_refused(payload: str) -> None:
    with pytest.raises(ProvenanceError, match="it: payload: not base64"):
        open_envelope(envelope() | {"payload": payload}, "it")


def test_what_others_add_is_passed_over_and_what_lacks_is_named() -> None:
    assert open_envelope(envelope() | {"more": 1}, "it").payload == b"hello world"
    with pytest.raises(ProvenanceError, match="it: payloadType: "):
        open_envelope({key: value for key, value in envelope().items() if key != "payloadType"}, "it")


@pytest.mark.parametrize("text", ['{"a": 1, "a": 2}', "{", "[" * 100_000, ""])
def test_json_that_readers_may_differ_in_is_refused(text: str) -> None:
    with pytest.raises(ProvenanceError, match="it: not valid JSON"):
        parse_json(text.encode(), "it")
    assert parse_json(json.dumps(envelope()).encode(), "it") == envelope()
