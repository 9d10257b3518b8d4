from __future__ import annotations

import pytest

from provenance.capture.redaction import is_secret_name, redact_arguments, redact_mapping, redact_text

SECRETS = (
    "api_key apiKey OPENAI_API_KEY Authorization token hf_token HF_TOKEN accessToken password db-passwd client_secret"
)
MORE_SECRETS = "secretAccessKey --api-key auth.token private_key apikey token_id"
OTHERS = "max_tokens max_new_tokens tokenizer eos_token pad_token_id stop_token key keyword n_tokens top_k primary_key"
MORE_OTHERS = "author passage compass secretary"


@pytest.mark.parametrize("name", f"{SECRETS} {MORE_SECRETS}".split())
def test_names_of_secrets(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize("name", f"{OTHERS} {MORE_OTHERS}".split())
def test_names_of_other_things(name: str) -> None:
    assert not is_secret_name(name)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("run.py --api-key abc --rows 3", "run.py --api-key REDACTED --rows 3"),
        ("run.py --api-key=abc --rows=3", "run.py --api-key=REDACTED --rows=3"),
        ("API_TOKEN='a b' python x.py", "API_TOKEN=REDACTED python x.py"),
        ("curl -H 'Authorization: Bearer abc.def'", "curl -H 'Authorization: REDACTED REDACTED'"),
        ("x sk-proj-abcdefgh12345678 y", "x REDACTED y"),
        ("git clone https://me:pass@host/x", "git clone https://REDACTED@host/x"),
        ("python train.py --max-tokens 5 --seed 1", "python train.py --max-tokens 5 --seed 1"),
    ],
)
def test_commands_lose_their_secrets(text: str, shown: str) -> None:
    assert redact_text(text) == shown


def test_arguments_lose_their_secrets() -> None:
    given = ["a.py", "--api-key", "abc", "--token=x y", "hf_abcdefghijklmnopqrst", "--rows", "3"]
    assert redact_arguments(given) == [
        "a.py", "--api-key", "REDACTED", "--token=REDACTED", "REDACTED", "--rows", "3",
    ]  # fmt: skip


def test_parameters_lose_their_secrets_however_deep() -> None:
    given = {"model": {"api_key": "abc", "layers": [{"password": 1}, 2]}, "url": "https://u:p@h", "rows": 3}
    assert redact_mapping(given) == {
        "model": {"api_key": "REDACTED", "layers": [{"password": "REDACTED"}, 2]},
        "url": "https://REDACTED@h",
        "rows": 3,
    }


def test_a_name_behind_another_name_is_seen() -> None:
    assert redact_text("refused: api_key=abc123, level=3") == "refused: api_key=REDACTED level=3"
