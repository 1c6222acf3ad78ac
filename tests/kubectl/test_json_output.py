import json

from hypothesis import given
from hypothesis import strategies as st

from kubesim.kubectl.formats import to_json
from kubesim.kubectl.formats.json_ import LAST_APPLIED, last_applied

SECRET = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "regcred"},
    "data": {"b": "x", "a": "<&>"},
    "type": "Opaque",
}


def test_keys_are_sorted_and_text_is_safe_for_html():
    assert (
        to_json(SECRET)
        == r"""{
    "apiVersion": "v1",
    "data": {
        "a": "\u003c\u0026\u003e",
        "b": "x"
    },
    "kind": "Secret",
    "metadata": {
        "name": "regcred"
    },
    "type": "Opaque"
}"""
    )


def test_what_kubectl_built_itself_keeps_the_order_of_its_fields():
    assert list(json.loads(to_json(SECRET, typed=True))) == ["kind", "apiVersion", "metadata", "data", "type"]


def test_empty_values():
    assert to_json({"a": {}, "b": [], "c": None, "d": ""}) == (
        '{\n    "a": {},\n    "b": [],\n    "c": null,\n    "d": ""\n}'
    )


def test_last_applied_is_compact_and_does_not_hold_itself():
    obj = {"kind": "Pod", "metadata": {"name": "a", "annotations": {LAST_APPLIED: "old", "note": "x"}}}
    assert last_applied(obj) == '{"kind":"Pod","metadata":{"annotations":{"note":"x"},"name":"a"}}\n'
    assert last_applied({"kind": "Pod"}) == '{"kind":"Pod","metadata":{"annotations":{}}}\n'


@given(
    st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.dictionaries(st.text(), inner))
)
def test_it_reads_back(value):
    assert json.loads(to_json(value)) == value
