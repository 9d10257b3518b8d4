"""What looks like a secret by itself, whatever it is called: the shapes of keys and tokens, and private keys.

The shapes are those that detect-secrets knows and, beside them, those of services that generators and their pipelines
use. A key without a shape of its own (32 hexadecimal digits, say) cannot be told from a digest or an id.
"""

from __future__ import annotations

import base64
import binascii
import logging
import re
import warnings
from functools import cache
from importlib import import_module

REDACTED = "REDACTED"

# Its plug-ins whose patterns are shapes; the others go by names, by entropy, or are covered more widely here.
_DETECTORS = (
    *(
        "aws",
        "azure_storage_key",
        "discord",
        "github_token",
        "gitlab_token",
        "mailchimp",
        "npm",
        "openai",
        "pypi_token",
    ),
    *("sendgrid", "slack", "square_oauth", "stripe", "telegram_token", "twilio"),
)
# No known shape is shorter, and prose has few words as long: what is not in such a run is not looked at again.
_RUN = re.compile(r"[!-~]{11,}")
_DIGITS = re.compile(r"[0-9a-fA-F-]+")
_BASE64 = re.compile(r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{24,}={0,2}(?![A-Za-z0-9+/=])")
_SHAPES = re.compile(
    r"(?<![\w-])(?:"
    # OpenAI, Anthropic, DeepSeek, OpenRouter, Cerebras and others; Stripe
    r"c?(?:sk|pk|rk)-(?=[\w-]*(?:\d|[A-Za-z]{12}))[\w-]{16,}|[spr]k_(?:live|test)_\w{10,}|whsec_[A-Za-z0-9+/]{16,}"
    # Hugging Face, Groq, xAI, Replicate, NVIDIA, Perplexity, Fireworks, Voyage, Tavily, Jina
    r"|(?:hf_|gsk_|xai-|r8_|pplx-|fw_|jina_)[A-Za-z0-9]{20,}|nvapi-[\w-]{16,}|tvly-[\w-]{16,}"
    r"|pa-(?=[\w-]*\d)(?=[\w-]*[A-Z])[\w-]{40,}|lsv2_[a-z]{2}_\w{16,}|(?:pk|sk)-lf-[\w-]{16,}"
    # GitHub, GitLab, npm, PyPI, Docker
    r"|gh[oprsu]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|gl(?:pat|dt|ft|rt|soat|cbt|ptt|agent)-[\w-]{16,}"
    r"|npm_[A-Za-z0-9]{20,}|pypi-AgE[\w-]{20,}|dckr_[a-z]{3}_[\w-]{16,}|AKC[A-Za-z0-9]{50,}"
    # Amazon, Google, Microsoft
    r"|A(?:KIA|SIA|BIA|CCA)(?=[A-Z0-9]*\d)[A-Z0-9]{13,}|AIza[\w-]{30,}|ya29\.[\w.-]{10,}|1//0[\w-]{20,}"
    r"|GOCSPX-[\w-]{20,}|\w{3}8Q~[\w.~-]{30,}"
    # Slack, Discord, Teams, Telegram
    r"|xox[abeprs]-[\w-]{10,}|xapp-\d-[\w-]{10,}|hooks\.slack\.com/\w+/[\w/-]{10,}"
    r"|discord(?:app)?\.com/api/webhooks/\d+/[\w-]{10,}|[\w.-]*webhook\.office\.com/\S{10,}|\d{8,10}:AA[\w-]{30,}"
    # Others
    r"|SG\.[\w-]{16,}\.[\w-]{16,}|do[opr]_v1_[0-9a-f]{32,}|dapi[0-9a-f]{32}|hv[bs]\.[\w-]{20,}|key-[0-9a-f]{32}"
    r"|AGE-SECRET-KEY-1\w{20,}|shp(?:at|ca|pa|ss)_[0-9a-fA-F]{20,}|lin_api_\w{20,}|figd_[\w-]{20,}|ntn_\w{20,}"
    r"|pat[A-Za-z0-9]{14}\.[0-9a-f]{40,}|ATATT3[\w=-]{20,}|NRAK-[A-Z0-9]{20,}|gls?[ac]_\w{20,}|EAAA[\w-]{40,}"
    r"|sbp_[0-9a-f]{32,}|sntry[su]_[\w+/=]{20,}|PMAK-[0-9a-f-]{20,}"
    # JSON web token, whole or with an empty signature
    r"|eyJ[\w-]{8,}={0,2}\.[\w-]{8,}={0,2}\.[\w-]*"
    r")"
)
_PRIVATE_KEY = re.compile(
    r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----.*?(?:-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|\Z)"
    r"|PuTTY-User-Key-File-\d.*",
    re.DOTALL,
)
# USER:PASSWORD@ of a URL, and a token in the place of the user; not what stands for one ({password}, <password>).
_OF_URL = re.compile(
    r"(?<=://)(?:[^/\s:@'\"]*:(?![{<$])[^/\s@'\"]+|(?=[^/\s:@]*\d)(?=[^/\s:@]*[A-Za-z])[\w~.%-]{16,})(?=@)"
)


def without_shapes(text: str) -> str:
    """``text`` with what looks like a secret replaced."""
    if "KEY" in text or "PuTTY" in text:
        text = _PRIVATE_KEY.sub(REDACTED, text)
    return _RUN.sub(lambda run: _without(run[0]), text)


def _without(run: str) -> str:
    if _DIGITS.fullmatch(run):
        return run
    run = _SHAPES.sub(REDACTED, run)
    if "@" in run:
        run = _OF_URL.sub(REDACTED, run)
    for pattern in _known_elsewhere():
        run = pattern.sub(REDACTED, run)
    return _BASE64.sub(lambda found: REDACTED if _is_wrapped(found[0]) else found[0], run)


def _is_wrapped(encoded: str) -> bool:
    """Whether ``encoded`` is a secret in base64."""
    try:
        text = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        return False
    return text.isprintable() and _SHAPES.search(text) is not None


@cache
def _known_elsewhere() -> tuple[re.Pattern[str], ...]:
    """The patterns of detect-secrets, none of which may begin or end within a word.

    It is imported here, as it takes time and is needed only where something is recorded.
    """
    patterns = []
    show = warnings.showwarning
    for name in _DETECTORS:
        for member in vars(import_module(f"detect_secrets.plugins.{name}")).values():
            if isinstance(member, type) and member.__module__.endswith(name):
                patterns += list(getattr(member, "denylist", ()))
    if warnings.showwarning is not show:
        # Its import sends the warnings of the whole process to a log that nobody reads; a script keeps its own.
        logging.captureWarnings(False)
    return tuple(
        re.compile(rf"(?<![A-Za-z0-9])(?:{pattern.pattern})(?![A-Za-z0-9])", pattern.flags) for pattern in patterns
    )
