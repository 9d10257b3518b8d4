"""A dataset card for the Hugging Face Hub: front matter for machines, and a body that people read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from provenance.errors import ProvenanceError
from provenance.export.card_body import body
from provenance.export.checking import not_installed, problems
from provenance.export.described import sources, stated_as
from provenance.export.interface import Checked, Gap, Need, missing
from provenance.lineage.license_references import expression_of, hub_identifier
from provenance.report.plain_text import safe

if TYPE_CHECKING:
    from provenance.export.subject import Subject

_NEEDS = (
    Need("name", "pretty_name"),
    Need("description", "the card's summary"),
    Need("license", "license"),
    Need("languages", "language"),
    Need("use_cases", "uses"),
    Need("limitations", "limitations"),
    Need("biases", "biases"),
    Need("personal_information", "personal and sensitive information"),
    Need("creators", "curators"),
)
_SIZES = ((10**3, "n<1K"), (10**4, "1K<n<10K"), (10**5, "10K<n<100K"), (10**6, "100K<n<1M"), (10**7, "1M<n<10M"))
_MORE_SIZES = ((10**8, "10M<n<100M"), (10**9, "100M<n<1B"), (10**10, "1B<n<10B"), (10**11, "10B<n<100B"))
_LARGEST, _SIZE_NAMES = "n>1T", {name for _, name in (*_SIZES, *_MORE_SIZES)} | {"100B<n<1T", "n>1T"}
_CREATORS = {"found", "crowdsourced", "expert-generated", "machine-generated", "no-annotation", "other"}
_ON_THE_HUB = re.compile(r"https?://(?:www\.)?huggingface\.co/datasets/(?P<name>[\w.-]+/[\w.-]+|[\w.-]+)(?:[/?#].*)?")
_LABELS = ("judgement", "soft_label")


class DatasetCard:
    """The `README.md` of a dataset on the Hub."""

    name = "dataset-card"
    media_type = "text/markdown"
    size = "models, sources, prompts and groups of rows; not rows"
    takes_samples = False

    def gaps(self, subject: Subject) -> Sequence[Gap]:
        open_ = missing(subject, _NEEDS)
        if _is_other(subject) and subject.about.license_url is None:
            open_.append(Gap("license_url", "license_link"))
        return open_

    def write(self, subject: Subject, file: TextIO) -> None:
        import yaml

        gaps = self.gaps(subject)
        file.write("---\n")
        yaml.safe_dump(_front_matter(subject), file, sort_keys=False, allow_unicode=True, default_flow_style=False)
        file.write("---\n\n")
        for line in body(subject, gaps):
            file.write(f"{line}\n")

    def check(self, file: Path) -> Checked:
        from provenance.documents import front_matter

        try:
            found = front_matter(file.read_bytes(), str(file))
        except ProvenanceError as error:
            return Checked((str(error),))
        if found is None:
            return Checked(("it has no front matter: YAML between two lines of dashes",))
        return problems(_own_rules(found)) + _by_huggingface_hub(file)


def size_category(rows: int) -> str:
    """The Hub's name of the size of a dataset of so many rows."""
    for bound, name in (*_SIZES, *_MORE_SIZES, (10**12, "100B<n<1T")):
        if rows < bound:
            return name
    return _LARGEST


def _front_matter(subject: Subject) -> dict[str, Any]:
    about = subject.about
    members: dict[str, Any] = {
        "pretty_name": about.name and safe(about.name),
        **_license(subject),
        "language": list(about.languages),
        "size_categories": [size_category(subject.totals.rows)],
        "source_datasets": _source_datasets(subject),
        "language_creators": _creators(subject),
        "annotations_creators": ["machine-generated"] if _is_labelled(subject) else [],
        "tags": [*(["synthetic"] if subject.totals.has_synthetic else []), *about.keywords],
    }
    return {key: value for key, value in members.items() if value}


def _license(subject: Subject) -> dict[str, str]:
    """``license``, and for what the Hub does not list ``other`` with its name and where it can be read."""
    expression = expression_of(subject.about.license)
    if expression is None:
        return {}
    if (listed := hub_identifier(expression)) is not None:
        return {"license": listed}
    link = {"license_link": subject.about.license_url} if subject.about.license_url else {}
    return {"license": "other", "license_name": safe(stated_as(subject).get(expression, expression)), **link}


def _is_other(subject: Subject) -> bool:
    return _license(subject).get("license") == "other"


def _source_datasets(subject: Subject) -> list[str]:
    """Sources that are datasets on the Hub, by their names there."""
    found = (_ON_THE_HUB.fullmatch(used.source.url or "") for used in sources(subject))
    return sorted({match["name"] for match in found if match})


def _creators(subject: Subject) -> list[str]:
    """Who wrote the text: what models wrote is certain; of other rows nobody knows by which of the Hub's ways."""
    totals = subject.totals
    machine = ["machine-generated"] if totals.made.rows else []
    return [*machine, *(["other"] if totals.made.at_most_rows < totals.rows else [])]


def _is_labelled(subject: Subject) -> bool:
    kinds = subject.totals.by("by_kind")
    return any(kinds[kind].rows for kind in _LABELS if kind in kinds)


def _own_rules(found: Mapping[str, Any]) -> Iterator[str]:
    """What `DatasetCard` does not look at without asking the Hub."""
    if found.get("license") == "other" and "license_name" not in found:
        yield "license_name: missing, where the license is `other`"
    for size in found.get("size_categories") or []:
        if size not in _SIZE_NAMES:
            yield f"size_categories: {size} is none of the Hub's"
    for key in ("language_creators", "annotations_creators"):
        for creator in found.get(key) or []:
            if creator not in _CREATORS:
                yield f"{key}: {creator} is none of the Hub's"
    license_ = found.get("license")
    for each in license_ if isinstance(license_, list) else [license_]:
        if each not in (None, "other") and hub_identifier(expression_of(str(each)) or "") is None:
            yield f"license: {each} is not an identifier of the Hub's"


def _by_huggingface_hub(file: Path) -> Checked:
    if missing_package := not_installed("huggingface_hub"):
        return missing_package
    import huggingface_hub

    try:
        huggingface_hub.DatasetCard(file.read_text(encoding="utf-8"))
    except Exception as error:  # noqa: BLE001 - whatever it finds wrong
        return Checked((f"huggingface_hub: {' '.join(str(error).split())}",))
    return Checked()


EXPORT = DatasetCard()
