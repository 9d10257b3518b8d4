"""What docs/recording.md says of secrets holds of the code, and whatever the code finds by its shape stands there."""

from __future__ import annotations

import base64
import hashlib
import re
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

from provenance.capture.redaction import redact_arguments, redact_mapping, redact_prose
from provenance.capture.secret_shapes import _DETECTORS, _SHAPES, REDACTED

PAGE = Path(__file__).resolve().parents[3] / "docs/recording.md"


def word(length: int, alphabet: str = string.ascii_letters + string.digits) -> str:
    digits = hashlib.shake_256(f"documented {alphabet}".encode()).digest(length)
    return "".join(alphabet[digit % len(alphabet)] for digit in digits)


HEX, WORD = word(80, "0123456789abcdef"), word(90)
UPPER, DIGITS = word(60, string.ascii_uppercase + string.digits), word(20, "123456789")
# By the name of the table: keys and tokens as the service gives them out, all made up.
KEYS: dict[str, tuple[str, ...]] = {
    "OpenAI": (f"sk-{WORD[:48]}", f"sk-proj-{WORD[:60]}"),
    "Anthropic": (f"sk-ant-api03-{WORD[:80]}",),
    "DeepSeek": (f"sk-{HEX[:32]}",),
    "OpenRouter": (f"sk-or-v1-{HEX[:64]}",),
    "Cerebras": (f"csk-{WORD[:48]}",),
    "Hugging Face": (f"hf_{WORD[:34]}",),
    "Groq": (f"gsk_{WORD[:52]}",),
    "xAI": (f"xai-{WORD[:80]}",),
    "Replicate": (f"r8_{WORD[:37]}",),
    "NVIDIA": (f"nvapi-{WORD[:64]}",),
    "Perplexity": (f"pplx-{WORD[:48]}",),
    "Fireworks": (f"fw_{WORD[:24]}",),
    "Voyage": (f"pa-{WORD[:43]}",),
    "Jina": (f"jina_{WORD[:40]}",),
    "Tavily": (f"tvly-dev-{WORD[:32]}",),
    "LangSmith": (f"lsv2_pt_{HEX[:32]}_{HEX[:10]}",),
    "Langfuse": (f"sk-lf-{HEX[:8]}-{HEX[:4]}-4{HEX[:3]}-a{HEX[:3]}-{HEX[:12]}", f"pk-lf-{HEX[:32]}"),
    "Amazon": tuple(f"{kind}{UPPER[:14]}42" for kind in ("AKIA", "ASIA", "ABIA", "ACCA")),
    "Google": (f"AIza{WORD[:35]}", f"ya29.{WORD[:60]}", f"1//0{WORD[:60]}", f"GOCSPX-{WORD[:28]}"),
    "Azure": (f"AccountKey={WORD[:86]}==",),
    "Entra": (f"abc8Q~{WORD[:34]}",),
    "DigitalOcean": (f"dop_v1_{HEX[:64]}",),
    "Databricks": (f"dapi{HEX[:32]}",),
    "Supabase": (f"sbp_{HEX[:40]}",),
    "GitHub": (*(f"gh{kind}_{WORD[:36]}" for kind in "oprsu"), f"github_pat_{WORD[:22]}_{WORD[:59]}"),
    "GitLab": tuple(f"gl{kind}-{WORD[:20]}" for kind in ("pat", "dt", "ft", "rt", "soat", "cbt", "ptt", "agent")),
    "npm": (f"npm_{WORD[:36]}",),
    "PyPI": (f"pypi-AgEIcHlwaS5vcmc{WORD[:70]}",),
    "Docker": (f"dckr_pat_{WORD[:27]}",),
    "Artifactory": (f"AKC{WORD[:70]}",),
    "Slack": (
        f"xoxb-{DIGITS[:11]}-{WORD[:24]}",
        f"xapp-1-{UPPER[:11]}-{DIGITS[:13]}-{HEX[:64]}",
        f"https://hooks.slack.com/services/T0/B0/{WORD[:24]}",
    ),
    "Discord": (f"https://discord.com/api/webhooks/{DIGITS[:18]}/{WORD[:68]}",),
    "Teams": (f"https://x.webhook.office.com/webhookb2/{HEX[:8]}@{HEX[:8]}/IncomingWebhook/{HEX[:32]}",),
    "Telegram": (f"{DIGITS[:10]}:AA{WORD[:33]}",),
    "Stripe": (f"sk_live_{WORD[:24]}", f"rk_test_{WORD[:24]}", f"pk_live_{WORD[:24]}", f"whsec_{WORD[:32]}"),
    "Square": (f"EAAA{WORD[:60]}", f"sq0csp-{WORD[:43]}"),
    "SendGrid": (f"SG.{WORD[:22]}.{WORD[:43]}",),
    "Twilio": (f"SK{HEX[:32]}",),
    "Mailgun": (f"key-{HEX[:32]}",),
    "Mailchimp": (f"{HEX[:32]}-us12",),
    "Vault": (f"hvs.{WORD[:90]}", f"hvb.{WORD[:90]}"),
    "age": (f"AGE-SECRET-KEY-1{UPPER[:58]}",),
    "Shopify": tuple(f"shp{kind}_{HEX[:32]}" for kind in ("at", "ca", "pa", "ss")),
    "Linear": (f"lin_api_{WORD[:40]}",),
    "Figma": (f"figd_{WORD[:40]}",),
    "Notion": (f"ntn_{WORD[:46]}",),
    "Airtable": (f"pat{WORD[:14]}.{HEX[:64]}",),
    "Atlassian": (f"ATATT3x{WORD[:90]}",),
    "New Relic": (f"NRAK-{UPPER[:27]}",),
    "Grafana": (f"glsa_{WORD[:32]}_{HEX[:8]}", f"glc_{WORD[:60]}"),
    "Sentry": (f"sntrys_{WORD[:60]}", f"sntryu_{HEX[:64]}"),
    "Postman": (f"PMAK-{HEX[:24]}-{HEX[:34]}",),
}
# What the plug-ins of detect-secrets are called in the table.
PLUGINS = {"aws": "Amazon", "azure_storage_key": "Azure", "pypi_token": "PyPI", "square_oauth": "Square"}
# By the words of the page: what cannot be found, as commands and prose hold it.
NOT_FOUND: dict[str, tuple[str, ...]] = {
    "keys of only hexadecimal digits, letters or base64": (
        HEX[:32],
        HEX[:64],
        word(40, string.ascii_letters),
        f"{WORD[:86]}==",
    ),
    "a password behind a short option": ("gen -k Zq8vLm2pRt7w",),
    "a password of plain words in prose": ("the password is correct horse",),
    "a secret that is cut in pieces": ("sk-Zq8vLm2p Rt7wXy4nZq8vLm2pRt7wXy4n", f"my_hf_{WORD[:34]}"),
    "the names of files, datasets and columns": (),
}


def rows() -> dict[str, tuple[str, str]]:
    """The table of the page: what is found, and in which texts, by kind."""
    table = PAGE.read_text(encoding="utf-8").split("## Which secrets are found")[1].split("\n\n")[1]
    cells = [re.split(r"(?<!\\)\|", line)[1:-1] for line in table.splitlines()[2:]]
    return {kind.strip(): (found.strip(), where.strip()) for kind, found, where in cells}


def alternatives(pattern: str) -> Iterator[str]:
    """What stands between the signs | of a pattern that are in no parentheses and in no class."""
    depth, start, position, in_class = 0, 0, 0, False
    while position < len(pattern):
        sign = pattern[position]
        if sign == "\\":
            position += 1
        elif in_class:
            in_class = sign != "]"
        elif sign == "[":
            in_class = True
        elif sign in "()":
            depth += 1 if sign == "(" else -1
        elif sign == "|" and depth == 0:
            yield pattern[start:position]
            start = position + 1
        position += 1
    yield pattern[start:]


def shapes() -> list[str]:
    whole = _SHAPES.pattern.removeprefix(r"(?<![\w-])(?:").removesuffix(")")
    return [each for each in alternatives(whole) if not each.startswith("eyJ")]


def test_the_table_names_what_is_tried_here() -> None:
    found, where = rows()["keys and tokens with a shape of their own"]
    named = [re.sub(r"^of \w+: ", "", each.strip()) for each in re.split("[,;]", found)]
    assert named == [*KEYS, "also in base64"]
    assert where == "every text"


@pytest.mark.parametrize("key", [key for keys in KEYS.values() for key in keys])
def test_what_the_table_names_is_found_in_every_text(key: str) -> None:
    core = key.rsplit("/", 1)[-1] if "://" in key else key.removeprefix("AccountKey=")
    for text in (f"Use {key} for this.", f"({key}), then go on"):
        assert core not in redact_prose(text)
    assert core not in " ".join(redact_arguments(["gen.py", key]))
    assert core not in str(redact_mapping({"extra": [key]}))


def test_it_is_found_in_base64() -> None:
    encoded = base64.b64encode(KEYS["OpenAI"][0].encode()).decode()
    assert redact_prose(f"Use {encoded}.") == f"Use {REDACTED}."


@pytest.mark.parametrize("shape", shapes())
def test_each_shape_that_the_code_knows_is_in_the_table(shape: str) -> None:
    known = re.compile(rf"(?<![\w-])(?:{shape})")
    assert [name for name, keys in KEYS.items() if any(known.search(key) for key in keys)]


def test_each_plug_in_that_the_code_takes_is_in_the_table() -> None:
    titles = {name.lower(): name for name in KEYS}
    for plugin in _DETECTORS:
        assert PLUGINS.get(plugin) or titles[plugin.removesuffix("_token")]


def test_what_the_page_says_cannot_be_found_is_not_found() -> None:
    page = PAGE.read_text(encoding="utf-8")
    listed = page.split("What cannot be found")[1].split("\n\n")[1]
    bullets = [" ".join(bullet.split()) for bullet in ("\n" + listed).split("\n- ")[1:]]
    assert len(bullets) == len(NOT_FOUND)
    for bullet, (begins, texts) in zip(bullets, NOT_FOUND.items(), strict=True):
        assert bullet.startswith(begins)
        for text in texts:
            assert redact_prose(text) == text
            assert " ".join(redact_arguments(text.split())) == text


@pytest.mark.parametrize(
    ("kind", "given", "secret"),
    [
        (
            "JSON web tokens, private keys (PEM, PGP, OpenSSH, PuTTY)",
            f"eyJhbGciOiJI.{WORD[:40]}.{WORD[:43]}",
            WORD[:40],
        ),
        *(
            (
                "JSON web tokens, private keys (PEM, PGP, OpenSSH, PuTTY)",
                f"-----BEGIN {kind}-----\n{WORD[:60]}",
                WORD[:60],
            )
            for kind in ("RSA PRIVATE KEY", "PGP PRIVATE KEY BLOCK", "OPENSSH PRIVATE KEY")
        ),
        ("JSON web tokens, private keys (PEM, PGP, OpenSSH, PuTTY)", f"PuTTY-User-Key-File-3: {WORD[:40]}", WORD[:40]),
        *(
            ("URLs", address, secret)
            for address, secret in (
                ("s3://ada:Zq8vLm2pRt7w@h/x", "Zq8vLm2pRt7w"),
                (f"https://x{HEX[:39]}@h/x.git", HEX[:39]),
                (f"https://h/x?X-Amz-Signature={HEX[:64]}", HEX[:64]),
            )
        ),
        ("headers", f"Authorization: Basic {WORD[:30]}", WORD[:30]),
        ("headers", f"Bearer {WORD[:30]}", WORD[:30]),
        *(
            ("values by their name", f"{name}=Zq8vLm2pRt7w", "Zq8vLm2pRt7w")
            for name in ("password", "PGPASSWORD", "DB_PASS", "api_key", "OPENAI_KEY", "token", "client_secret")
        ),
        *(
            ("values by a doubtful name", f"{name}=Zq8vLm2pRt7wXy4n", "Zq8vLm2pRt7wXy4n")
            for name in ("auth", "dsn", "sig", "pat", "session", "webhook", "key")
        ),
    ],
)
def test_the_other_rows_of_the_table_hold(kind: str, given: str, secret: str) -> None:
    assert kind in rows()
    assert secret not in redact_prose(f"Use {given}\nThen go on.")
    assert secret not in " ".join(redact_arguments(["gen.py", given]))


def test_every_row_of_the_table_is_held_here_or_with_the_commands() -> None:
    assert list(rows()) == [
        "keys and tokens with a shape of their own",
        "JSON web tokens, private keys (PEM, PGP, OpenSSH, PuTTY)",
        "URLs",
        "headers",
        "values by their name",
        "values by a doubtful name",
        "arguments of commands",  # `test_secret_kinds.test_secrets_as_commands_take_them`
    ]
