"""Kinds of secrets, all made up, as commands, parameters and prose hold them; and ordinary texts, which must pass."""

from __future__ import annotations

import base64
import hashlib
import shlex
import string
import subprocess
import sys
import uuid
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.capture.redaction import (
    find_secret,
    has_secret_shape,
    redact_arguments,
    redact_key,
    redact_mapping,
    redact_prose,
    redact_text,
)


def word(length: int, alphabet: str = string.ascii_letters + string.digits) -> str:
    """A word that is the same each time and has letters and figures."""
    digits = hashlib.shake_256(alphabet.encode()).digest(length)
    return "".join(alphabet[digit % len(alphabet)] for digit in digits)


HEX = word(64, "0123456789abcdef")
UPPER = word(60, string.ascii_uppercase + string.digits)
WORD = word(90)
PASSWORD = "Zq8vLm2pRt7w"  # noqa: S105 - nobody's
# Kind: what surrounds the secret, and the secret itself.
SHAPES = {
    "openai": ("sk-{}", WORD[:48]),
    "openai project": ("sk-proj-{}", WORD[:60]),
    "anthropic": ("sk-ant-api03-{}", WORD[:80]),
    "deepseek": ("sk-{}", HEX[:32]),
    "hugging face": ("hf_{}", WORD[:34]),
    "groq": ("gsk_{}", WORD[:52]),
    "langfuse": ("sk-lf-{}", str(uuid.UUID(HEX[:32]))),
    "aws": ("AKIA{}", UPPER[:16]),
    "aws, temporary": ("ASIA{}", UPPER[:16]),
    "google": ("AIza{}", WORD[:35]),
    "google, access": ("ya29.{}", WORD[:60]),
    "microsoft entra": ("abc8Q~{}", WORD[:34]),
    "signed address, azure": ("https://x.blob.core.windows.net/c?sv=2022&sig={}", WORD[:43]),
    "signed address, aws": ("https://b.s3.amazonaws.com/k?X-Amz-Date=1&X-Amz-Signature={}", HEX),
    "github": ("ghp_{}", WORD[:36]),
    "gitlab": ("glpat-{}", WORD[:20]),
    "npm": ("npm_{}", WORD[:36]),
    "pypi": ("pypi-AgEIcHlwaS5vcmc{}", WORD[:70]),
    "slack": ("xoxb-12345678901-{}", WORD[:24]),
    "slack webhook": ("https://hooks.slack.com/services/T0/B0/{}", WORD[:24]),
    "discord webhook": ("https://discord.com/api/webhooks/123456789/{}", WORD[:60]),
    "telegram": ("1234567890:AA{}", WORD[:33]),
    "stripe": ("sk_live_{}", WORD[:24]),
    "sendgrid": ("SG.{0}.{0}", WORD[:22]),
    "twilio": ("SK{}", HEX[:32]),
    "databricks": ("dapi{}", HEX[:32]),
    "json web token": ("eyJhbGciOiJIUzI1NiJ9.{}." + WORD[40:80], WORD[:40]),
    "url": ("postgresql://ada:{}@db/x", PASSWORD),
    "url without a user": ("redis://:{}@h:6379/0", PASSWORD),
    "url with a token": ("https://{}@example.org/repo.git", "x" + HEX[:39]),
    "private key": ("-----BEGIN RSA PRIVATE KEY-----\n{}\n-----END RSA PRIVATE KEY-----", WORD[:60]),
    "private key of pgp": ("-----BEGIN PGP PRIVATE KEY BLOCK-----\n\n{}", WORD[:60]),
    "json": ('{{"user": "ada", "api_key": "{}"}}', WORD[:24]),
    "yaml": ("password: {}", PASSWORD),
    "python": ("openai.api_key='{}'", PASSWORD),
    "odbc": ("Driver=x;Server=h;Uid=ada;Pwd={};", PASSWORD),
    "basic": ("Authorization: Basic {}", base64.b64encode(b"ada:hunter2hunter2").decode()),
    "bearer": ("Authorization: Bearer {}", WORD[:40]),
    "header": ("X-Api-Key: {}", HEX[:32]),
    "in base64": ("{}", base64.b64encode(f"sk-{WORD[:48]}".encode()).decode()),
}


@pytest.mark.parametrize(("around", "secret"), SHAPES.values(), ids=SHAPES)
def test_a_secret_is_found_wherever_it_stands(around: str, secret: str) -> None:
    text = around.format(secret)
    shown = [
        redact_prose(f"Use {text} for this.\nThen go on."),
        redact_text(f"python gen.py {text}"),
        *redact_arguments(["gen.py", text, "--rows", "3"]),
        *redact_arguments(["gen.py", "--header", text]),
        str(redact_mapping({"endpoint": {"extra": [text]}})),
        redact_key(text),
    ]
    assert not [each for each in shown if secret in each]
    assert has_secret_shape(text)
    assert find_secret("extra", {"headers": [text]}) == "extra.headers[0]"


NAMES = (
    "--api-key --openai-key --token --auth-token --password --pass --passwd --pw --pwd --passphrase "
    "--client-secret --secret-key --auth --cred --cookie --pat --sas --dsn --connection-string --webhook "
    "--session --jwt --signature OPENAI_API_KEY PGPASSWORD MYSQL_PWD REDISCLI_AUTH GITHUB_PAT HF_TOKEN "
    "AWS_SECRET_ACCESS_KEY DB_PASS DBPASSWORD SMTP_PASS OPENAIKEY apiKey clientSecret dbPassword "
    "AUTH_HEADER SENTRY_DSN SSHPASS MASTER_KEY OPENAI_KEY "
)


@pytest.mark.parametrize("name", NAMES.split())
def test_a_value_under_a_secret_name_is_replaced(name: str) -> None:
    secret = "Zq8vLm2pRt7wXy4n"  # noqa: S105 - nobody's
    given = [[f"{name}={secret}"], *([[name, secret]] if name.startswith("-") else [["env", f"{name}={secret}", "x"]])]
    for arguments in given:
        assert secret not in " ".join(redact_arguments(arguments))
        assert secret not in redact_text(shlex.join(arguments))
    assert secret not in str(redact_mapping({name: secret}))


@pytest.mark.parametrize(
    "command",
    [
        *("curl -u ada:{} https://h", "curl --user 'ada:{}' https://h", "mysql -h db -p{}", "sshpass -p {} ssh h"),
        *("echo {} | docker login -u a --password-stdin", "wget --header='X-Auth-Token: {}'", "gen /token:{}"),
        *('curl -H "Authorization: Basic {}"', 'gen --config \'{{"api_key": "{}"}}\'', "gen +api.key={}"),
        *("gen --api-key\t{}", "gen --no-password --token {}", "gen --token -{}", 'PASSWORD="a {}" gen'),
        *("gen --password a\\ {}", "curl 'https://h/x?key={}'", "curl -b 'Cookie: a=b; sid={}'"),
        r'gen --config "{{\"api_key\": \"{}\"}}"',
    ],
)
def test_secrets_as_commands_take_them(command: str) -> None:
    line = command.format("Zq8vLm2pRt7wXy4n")
    assert "Zq8vLm2pRt7wXy4n" not in redact_text(line)
    assert "Zq8vLm2pRt7wXy4n" not in " ".join(redact_arguments(shlex.split(line)))


ORDINARY = [
    "Translate the text into German. Answer: {answer}. Key points: three. Token: the unit of text.",
    "The password: none is needed. Basic understanding, bearer bonds and token sequences are explained.",
    "Write code that reads api_key from the environment: api_key = os.environ['OPENAI_API_KEY']",
    "Authorization: see chapter 4. Send `Authorization: Bearer <token>` or {token} with the request.",
    "Connect with postgresql://user:{password}@host/db and https://<user>:<password>@example.org.",
    "A private key is kept; a public key is shared. Password rules: at least 12 signs, one of them a figure.",
    "Rate the answer from 1 to 5: relevance=4, depth=5, score: 4.5; session 12 of 20, pass@1 = 0.52",
    "秘密は守られるべきです。次の文章を日本語に翻訳してください。回答は簡潔にしてください。",
    "HuggingFaceTB/SmolLM2-135M-Instruct",
    "hf-internal-testing/tiny-random-LlamaForCausalLM",
    "meta-llama/Meta-Llama-3.1-70B-Instruct-Turbo-FP8-quantized-w8a8",
    "sk-learn-contrib/hdbscan-1.4.2",
    "gpt-4o-mini-2024-07-18",
    "accounts/fireworks/models/deepseek-v3p1-terminus",
    "us.anthropic.claude-sonnet-4-20250514-v1:0",
    "https://huggingface.co/datasets/allenai/c4/resolve/main/en/c4-train.00000-of-01024.json.gz?download=true",
    "https://example.org:8080/v1/chat/completions?page=3&sort=date",
    "git@github.com:owner/repository.git",
    "ada@example.org and bob.smith+news@example.co.uk",
    "data/docs.jsonl:17",
    "2024-07-18T12:30:00Z/shard-00012-of-00128/row-000000123456",
    "python train.py --max-tokens 512 --eos-token </s> --primary-key id --key question --rows 30000 --seed 42",
    "torchrun --nproc_per_node=8 --master_port=29500 train.py --output_dir=out/run-2024-05-01 -u 1000:1000 -p 8080",
    "CUDA_VISIBLE_DEVICES=0,1 OMP_NUM_THREADS=8 PYTHONPATH=src python -u -m package.module --passes 2",
    "sha256:" + HEX,
    HEX[:32],
    HEX[:40],
    "chatcmpl-r8_n1NolPnHtDbo8lavBXtZ4eLyj",
    "msg_01" + WORD[:22],
    "resp_" + HEX[:48],
    str(uuid.UUID(HEX[:32])),
    base64.b64encode(b"an ordinary text in base64, of some length").decode(),
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJg",
    "Kx9y0Pw==",
]


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_texts_pass(text: str) -> None:
    assert redact_prose(text) == text
    assert redact_key(text) == text


@pytest.mark.parametrize("text", [text for text in ORDINARY if " " not in text or "python" in text or "torch" in text])
def test_ordinary_arguments_pass(text: str) -> None:
    assert redact_text(text) == text
    assert redact_arguments(text.split()) == text.split()


@pytest.mark.parametrize(
    "parameters",
    [
        {"max_tokens": 512, "eos_token": "</s>", "key": "question", "sort_key": "created_at", "passes": 2},
        {"api_key_env": "OPENAI_API_KEY", "token_file": "/run/token", "no_auth": True, "auth": "none", "pass": 3},
        {"session": "warm", "signature": "text -> label", "connection": "pooled", "model": "gpt-4o-mini-2024-07-18"},
    ],
)
def test_ordinary_parameters_pass(parameters: dict[str, Any]) -> None:
    assert redact_mapping(parameters) == parameters
    assert find_secret("parameters", parameters) is None


@given(st.binary(min_size=16, max_size=32))
def test_digests_and_ids_pass(content: bytes) -> None:
    for text in (content.hex(), str(uuid.UUID(bytes=content[:16])), f"sha256:{content.hex()}"):
        assert redact_prose(text) == text
        assert redact_text(text) == text


@given(st.lists(st.text(max_size=20)))
def test_any_arguments_stay_as_many(arguments: list[str]) -> None:
    arguments = [each.replace("\0", "") for each in arguments]
    assert len(redact_arguments(arguments)) == len(arguments)


def test_keys_with_secrets_stay_distinct() -> None:
    one, other = (redact_key(f"https://ada:{PASSWORD}{number}@h/x") for number in (1, 2))
    assert one != other
    assert PASSWORD not in one


def test_the_warnings_of_a_script_stay_where_they_were() -> None:
    script = (
        "import warnings\n"
        "from provenance.capture.redaction import redact_prose\n"
        "show = warnings.showwarning\n"
        "redact_prose('a word')\n"
        "assert warnings.showwarning is show\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
