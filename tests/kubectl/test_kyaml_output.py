"""-o kyaml, as kubectl v1.36 writes it."""

from __future__ import annotations

from kubesim.kubectl.formats.kyaml import to_kyaml

TEXTS = r"""---
{
  data: {
    "-": "",
    "1": "a \"b\" \\ c",
    1e: "<>&",
    a.b: "\
       a\n\
      \  b\n\
       \n\
       c\
      ",
    end: "\
       é\n\
      ",
    "f": "a\rb",
    "n": null,
    "true": true,
  },
}
"""
LISTS = """---
{
  containers: [{
    name: "a",
    ports: [{
      containerPort: 80,
    }],
  }, {
    args: [
      "x",
      1.5,
    ],
    env: [],
    resources: {},
  }],
  nested: [[
    1,
    [
      2,
    ],
  ]],
}
"""


def test_texts_and_keys() -> None:
    data = {"a.b": "a\n  b\n\nc", "end": "é\n", "-": "", "1": 'a "b" \\ c', "f": "a\rb", "n": None, "true": True}
    assert to_kyaml({"data": data | {"1e": "<>&"}}) == TEXTS


def test_lists() -> None:
    containers = [
        {"name": "a", "ports": [{"containerPort": 80}]},
        {"args": ["x", 1.5], "env": [], "resources": {}},
    ]
    assert to_kyaml({"nested": [[1, [2]]], "containers": containers}) == LISTS


def test_an_object_of_kubectl_keeps_the_order_of_its_fields() -> None:
    assert to_kyaml({"b": 1, "a": 2}, typed=True) == "---\n{\n  b: 1,\n  a: 2,\n}\n"
