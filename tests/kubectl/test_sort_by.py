import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubesim.kubectl.formats import FormatError, sort_objects


def order(values, field=".v"):
    objects = [{"v": value, "at": at} if value != "missing" else {"at": at} for at, value in enumerate(values)]
    return [obj["at"] for obj in sort_objects(objects, field)]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([3, 1, 2], [1, 2, 0]),
        ([1.5, -1.5], [1, 0]),
        (["b", "a", "c"], [1, 0, 2]),
        (["pod-10", "pod-9", "pod-1"], [2, 0, 1]),
        (["100Mi", "1Gi", "64Ki"], [2, 0, 1]),
        (["500m", "1"], [0, 1]),
        (["2026-11-24T14:39:41Z", "2026-11-24T14:39:40Z"], [1, 0]),
        (["b", "missing", "a"], [1, 2, 0]),
        (["a", None, None], [1, 2, 0]),
        (["a", "a", "a"], [0, 1, 2]),
        (["missing", "missing", "a"], [1, 0, 2]),
        (list(range(20, 0, -1)), list(range(19, -1, -1))),
    ],
)
def test_values_of_one_type_are_ordered(values, expected):
    assert order(values) == expected


@pytest.mark.parametrize("field", ["v", ".v", "{.v}", "{v}"])
def test_the_field_may_be_written_in_several_ways(field):
    assert order([2, 1], field) == [1, 0]


def test_nothing_needs_no_field():
    assert sort_objects([], ".nosuch") == []


@pytest.mark.parametrize(
    ("field", "message"),
    [
        (".nosuch", 'couldn\'t find any field with path "{.nosuch}" in the list of objects'),
        (
            "{.v",
            "unexpected path string, expected a 'name1.name2' or '.name1.name2' or '{name1.name2}' or '{.name1.name2}'",
        ),
        (
            ".map",
            "Field {.map} in %T is an unsortable type: interface, err: unsortable type: map[string]interface {}",
        ),
        (
            ".mixed",
            "Field {.mixed} in %T is an unsortable type: interface, err: unsortable interface: interface",
        ),
    ],
)
def test_what_cannot_be_sorted_is_refused(field, message):
    objects = [{"v": 1, "map": {}, "mixed": 1}, {"v": 2, "map": {}, "mixed": "a"}]
    with pytest.raises(FormatError) as refusal:
        sort_objects(objects, field)
    assert refusal.value.message == message


@given(st.lists(st.integers(), max_size=40))
def test_it_sorts(values):
    assert [values[at] for at in order(values)] == sorted(values)
