from __future__ import annotations

from dataclasses import replace
from typing import Any

from provenance.ledger.composition.composition import BirthClassRows, Composition, Share
from provenance.report.page.bars import Group, bars

WHOLE = 100


def share(rows: int, at_most: int | None = None) -> Share:
    most = rows if at_most is None else at_most
    part = rows / WHOLE
    return Share(rows, rows, None, 0, part, part, None, most, most, None, most / WHOLE, most / WHOLE, None)


def born(rows: int, origin: str, doubts: tuple[str, ...] = (), **more: Any) -> BirthClassRows:
    columns = dict.fromkeys(("kind", "model", "source", "license", "depth", "evidence", "chain_evidence", "stage"))
    return BirthClassRows(
        **(columns | more),
        origin=origin,
        doubts=doubts,
        rows=rows,
        at_most_rows=rows,
        bytes=rows,
    )


def composed(classes: list[BirthClassRows], **breakdowns: dict[str, Share]) -> Composition:
    names = ("origin", "kind", "model", "model_family", "source", "license", "depth", "evidence", "chain_evidence")
    empty: dict[str, Any] = {f"by_{name}": {} for name in (*names, "verdict")}
    numbers: dict[str, Any] = dict.fromkeys(
        ("tokens", "real_rooted_fraction", "at_most_real_rooted_fraction", "max_depth", "at_most_max_depth", "cost")
    )
    return Composition(
        path="mix",
        rows=WHOLE,
        bytes=WHOLE,
        ambiguous={},
        birth_classes=tuple(classes),
        **(empty | numbers | breakdowns),
    )


def groups(composition: Composition, title: str) -> dict[str, Group]:
    (found,) = (each for each in bars(composition) if each.title == title)
    return {group.name: group for group in found.groups}


def test_a_group_is_drawn_in_the_colours_of_who_wrote_its_rows() -> None:
    classes = [born(60, "real", license="MIT"), born(40, "synthetic", license="MIT")]
    found = groups(composed(classes, by_license={"MIT": share(100)}), "Under which licence")
    assert dict(found["MIT"].by_origin) == {"real": 60, "synthetic": 40}


def test_rows_that_are_certain_of_no_birth_are_drawn_as_unknown_and_their_number_has_two_ends() -> None:
    classes = [born(50, "synthetic", model="m"), born(10, "real", ("origin",), model="m")]
    found = groups(composed(classes, by_model={"m": share(70, 80)}), "By which model")
    assert dict(found["m"].by_origin) == {"synthetic": 50, "unknown": 20}
    assert (found["m"].rows, found["m"].share) == ("70 to 80", "70.0% to 80.0%")


def test_of_many_groups_the_smallest_are_one_line_that_adds_up() -> None:
    rows = {f"model {n:02}": 6 if n < 10 else 4 for n in range(20)}
    classes = [born(number, "synthetic", model=name) for name, number in rows.items()]
    found = groups(composed(classes, by_model={name: share(number) for name, number in rows.items()}), "By which model")
    assert len(found) == 12
    rest = found["9 others"]
    assert (rest.rows, rest.share, dict(rest.by_origin)) == ("36", "36.0%", {"synthetic": 36})


def test_steps_are_in_their_order_and_what_is_not_known_is_said() -> None:
    depths = {"10": share(20), "2": share(30), "unknown": share(50)}
    composition = composed([], by_depth=depths, by_license={"unknown": share(100)}, by_source={"unstated": share(100)})
    assert list(groups(composition, "Steps from human text")) == ["2", "10", "not known"]
    assert list(groups(composition, "Under which licence")) == ["not stated"]
    assert "Collected from" not in [each.title for each in bars(composition)]


def test_rows_of_one_of_several_models_are_synthetic_where_all_births_are() -> None:
    classes = [
        replace(born(0, "synthetic", model="a"), at_most_rows=20),
        replace(born(0, "synthetic", model="b"), at_most_rows=20),
    ]
    ambiguous = {"a": share(0, 20), "b": share(0, 20), "ambiguous": share(20)}
    found = groups(composed(classes, by_model=ambiguous), "By which model")
    assert dict(found["one of several, not certain which"].by_origin) == {"synthetic": 20}
    classes[0] = replace(classes[0], origin="mixed")
    found = groups(composed(classes, by_model=ambiguous), "By which model")
    assert dict(found["one of several, not certain which"].by_origin) == {"unknown": 20}
