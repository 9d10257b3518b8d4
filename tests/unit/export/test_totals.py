from provenance.auditing.measure import Values
from provenance.export.totals import NONE, Amount, added, amounts_of


def test_bounds_are_said_as_bounds() -> None:
    assert [Amount(*bounds).words for bounds in ((1, 1), (5, 5), (0, 1), (5, 7))] == [
        "1 row",
        "5 rows",
        "at most 1 row",
        "at least 5 and at most 7 rows",
    ]
    assert (Amount(2, 2).members, Amount(1, 2).members) == ({"rows": 2}, {"atLeastRows": 1, "atMostRows": 2})


def test_both_ends_of_several_datasets_add_up() -> None:
    groups = added([{"m1": Amount(1, 2), "m2": Amount(5, 5)}, {"m1": Amount(2, 2)}])
    assert list(groups.items()) == [("m2", Amount(5, 5)), ("m1", Amount(3, 4))]
    assert added([]) == {}
    assert NONE + Amount(1, 2) == Amount(1, 2)


def test_what_a_measure_leaves_out_at_the_top_is_exact() -> None:
    values: Values = {
        "by": {"a": {"rows": 1, "fraction": 0.5}, "b": {"rows": 0, "at_most_rows": 2}},
        "whole": {"rows": 3},
    }
    assert amounts_of(values, ["by"], ["whole"]) == {
        "by": {"a": Amount(1, 1), "b": Amount(0, 2)},
        "whole": {"whole": Amount(3, 3)},
    }
