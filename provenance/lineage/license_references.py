"""SPDX expressions for every licence, also for those that SPDX does not list: ``LicenseRef-…``.

How listed licences are spelt is the business of `license_terms`, which every licence passes first. Of custom terms
those on ScanCode's list are known by its names, which other tools use too; all others are made of what was stated.
"""

from __future__ import annotations

import re

from provenance.lineage.license_terms import is_expression, spelt

_SCANCODE = "LicenseRef-scancode-"
# Of the Hugging Face Hub's identifiers those that name custom terms of one text.
_CUSTOM = {
    "gemma": f"{_SCANCODE}gemma-tou-2024-04-01",
    "llama2": f"{_SCANCODE}llama-2-license-2023",
    "llama3.1": f"{_SCANCODE}llama-3.1-license-2024",
    "llama3.2": f"{_SCANCODE}llama-3.2-license-2024",
    "llama3.3": f"{_SCANCODE}llama-3.3-license-2024",
    "llama4": f"{_SCANCODE}llama-4-license-2025",
}
# What says that there is no statement, rather than which licence it is.
_NOTHING = frozenset({"", "unknown", "unspecified", "none", "noassertion"})
_LONGEST = 100


def expression_of(stated: str | None) -> str | None:
    """``stated`` as a valid SPDX expression; None where it states nothing.

    What SPDX does not list becomes ``LicenseRef-`` and what was stated, which is kept beside it by whoever writes it.
    """
    if stated is None or stated.strip().lower() in _NOTHING:
        return None
    text = " ".join(stated.split())
    if text.lower() in _CUSTOM:
        return _CUSTOM[text.lower()]
    return spelt(text) if is_expression(text) else f"LicenseRef-{_slug(text)}"


def is_listed(expression: str) -> bool:
    """Whether all of ``expression`` is on SPDX's list, so that nobody has to be told what it stands for."""
    return "licenseref-" not in expression.lower()


def references_in(expression: str) -> list[str]:
    """The licences in ``expression`` that SPDX does not list."""
    return re.findall(r"LicenseRef-[A-Za-z0-9.-]+", expression)


def hub_identifier(expression: str) -> str | None:
    """The Hugging Face Hub's identifier of one listed licence; None where it has none, and is ``other`` there."""
    from provenance.lineage.license_terms import HUB_IDENTIFIERS

    special = {spdx: name for name, spdx in HUB_IDENTIFIERS.items()} | {spdx: name for name, spdx in _CUSTOM.items()}
    if expression in special:
        return special[expression]
    name = expression.lower()
    return name if name in _ON_THE_HUB else None


def _slug(text: str) -> str:
    import hashlib

    plain = re.sub(r"[^A-Za-z0-9.-]+", "-", text).strip("-.")
    if plain == text and len(plain) <= _LONGEST:
        return plain
    # Two statements that differ stay two.
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{plain[:_LONGEST]}-{digest}" if plain else digest


# SPDX identifiers that the Hub takes, in its lower case.
_ON_THE_HUB = frozenset(
    """
    apache-2.0 mit afl-3.0 artistic-2.0 bsl-1.0 bsd-2-clause bsd-3-clause bsd-3-clause-clear cc0-1.0 cc-by-2.0 cc-by-2.5
    cc-by-3.0 cc-by-4.0 cc-by-sa-3.0 cc-by-sa-4.0 cc-by-nc-2.0 cc-by-nc-3.0 cc-by-nc-4.0 cc-by-nd-4.0 cc-by-nc-nd-3.0
    cc-by-nc-nd-4.0 cc-by-nc-sa-2.0 cc-by-nc-sa-3.0 cc-by-nc-sa-4.0 cdla-sharing-1.0 cdla-permissive-1.0
    cdla-permissive-2.0 wtfpl ecl-2.0 epl-1.0 epl-2.0 etalab-2.0 eupl-1.1 eupl-1.2 agpl-3.0 gfdl gpl-2.0 gpl-3.0
    lgpl-2.1 lgpl-3.0 isc lppl-1.3c ms-pl mpl-2.0 osl-3.0 postgresql ofl-1.1 ncsa unlicense zlib
    """.split()
)
