"""Elements of an SPDX document as they come together: each once, with licences and relationships of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from provenance.export.described import iri, short_digest, stated_as
from provenance.lineage.license_references import references_in

if TYPE_CHECKING:
    from provenance.export.subject import Subject

# An individual of SPDX's own: nobody says which licence it is.
NO_ASSERTION = "https://spdx.org/rdf/3.0.1/terms/ExpandedLicensing/NoAssertionLicense"


@dataclass
class Elements:
    """The elements, in the order in which they were added. ``stated``: where custom licences are looked up."""

    stated: Subject
    all: list[dict[str, Any]] = field(default_factory=list)
    _known: set[str] = field(default_factory=set)

    def add(self, kind: str, identifier: str, **members: Any) -> str:
        """Add an element, unless it is there; its id."""
        if identifier not in self._known:
            self._known.add(identifier)
            kept = {key: value for key, value in members.items() if value is not None and value != []}
            self.all.append({"type": kind, "spdxId": identifier, "creationInfo": "_:creation", **kept})
        return identifier

    def relate(self, start: str, kind: str, ends: Sequence[str], comment: str | None = None) -> None:
        """A relationship, unless it leads nowhere."""
        if ends:
            identifier = iri("relationship", short_digest(f"{start} {kind} {' '.join(ends)}"))
            members = {"from": start, "relationshipType": kind, "to": [*ends], "comment": comment}
            self.add("Relationship", identifier, **members)

    def license(self, element: str, kind: str, expression: str | None) -> None:
        """The licence of an element; without one, nothing is asserted."""
        self.relate(element, kind, [NO_ASSERTION if expression is None else self._expression(expression)])

    def _expression(self, expression: str) -> str:
        texts = stated_as(self.stated)
        custom = []
        for reference in references_in(expression):
            text = texts.get(reference, reference)
            place = self.add(
                "simplelicensing_SimpleLicensingText", iri("license", reference), simplelicensing_licenseText=text
            )
            custom.append({"type": "DictionaryEntry", "key": reference, "value": place})
        return self.add(
            "simplelicensing_LicenseExpression",
            iri("expression", expression),
            simplelicensing_licenseExpression=expression,
            simplelicensing_customIdToUri=custom,
        )
