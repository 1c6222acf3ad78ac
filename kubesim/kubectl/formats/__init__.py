"""kubectl's -o: which formats there are, and how an object is printed in one.

Mirrors k8s.io/cli-runtime pkg/genericclioptions/{print,template,jsonpath,name}_flags.go and pkg/printers, and
k8s.io/kubectl pkg/cmd/get/{get,customcolumn}_flags.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from kubesim.gotext.gojson import quote
from kubesim.kubectl.formats import columns, gotemplate, jsonpath
from kubesim.kubectl.formats.columns import Columns
from kubesim.kubectl.formats.golang import FormatError
from kubesim.kubectl.formats.json_ import to_json
from kubesim.kubectl.formats.kyaml import to_kyaml
from kubesim.kubectl.formats.sorting import UnsortableError, sort_objects
from kubesim.kubectl.formats.yaml_ import to_yaml

__all__ = [
    "FORMATS",
    "OUTPUT_FORMATS",
    "Format",
    "FormatError",
    "UnsortableError",
    "evaluate_relaxed",
    "list_of",
    "parse_output",
    "sort_objects",
    "to_json",
    "to_kyaml",
    "to_yaml",
]

_TEMPLATES = ("go-template", "go-template-file", "jsonpath", "jsonpath-as-json", "jsonpath-file")
_SYNONYMS = {"template": "go-template", "templatefile": "go-template-file"}
_PLAIN = ("json", "kyaml", "name", "yaml")
_COLUMNS = ("custom-columns", "custom-columns-file")
FORMATS = ("json", "yaml", "kyaml", "name", "go-template", "go-template-file", *_SYNONYMS, *_TEMPLATES[2:])
"""What every -o knows, in the order of the usage lines."""

OUTPUT_FORMATS = (*FORMATS, *_COLUMNS, "wide")
"""What kubectl get knows."""


@dataclass
class Format:
    """A format with its parsed template, for the prints of one command. The name is empty where -o was not given."""

    name: str = ""
    template: gotemplate.Template | jsonpath.Template | Columns | None = None
    _printed: bool = False
    _widths: list[int] = field(default_factory=list)

    @property
    def is_table(self) -> bool:
        """Is it the table for humans, or what a verb says of its deed?"""
        return self.name in ("", "wide")

    def render_list(self, items: list[dict[str, Any]]) -> str:
        """Several objects in a List, as `render` prints it."""
        return self.render(list_of(items))

    def render(self, obj: Mapping[str, Any], typed: bool = False) -> str:
        """An object or a List in a format that is no table; YAML and columns know whether something was printed before.

        `typed` says that kubectl built the object itself: its JSON keeps the order of the fields. Raises FormatError.
        """
        first, self._printed = not self._printed, True
        if isinstance(self.template, Columns):
            return self.template.render(_items(obj), first, self._widths)
        if isinstance(self.template, gotemplate.Template):
            return self.template.render(obj)
        if isinstance(self.template, jsonpath.Template):
            return self.template.render(obj, as_json=self.name == "jsonpath-as-json")
        if self.name == "json":
            return to_json(obj, typed) + "\n"
        if self.name == "kyaml":
            return to_kyaml(obj, typed)
        if self.name == "yaml":
            return ("" if first else "---\n") + to_yaml(obj)
        return "".join([f"{_reference(item)}\n" for item in _items(obj)])


def parse_output(
    output: str,
    template: str,
    read_file: Callable[[str], str],
    *,
    tables: bool = True,
    no_headers: bool = False,
) -> Format:
    """The format that -o and --template name; without `tables` neither `wide` nor custom columns.

    `read_file` reads a file of the learner and raises OSError. Raises FormatError and NotSimulated.
    """
    name, argument = (output or "go-template", template) if template else output.partition("=")[::2]
    name = _SYNONYMS.get(name, name)
    if name in _TEMPLATES:
        return Format(name.removesuffix("-file"), _template(name, argument, read_file))
    if tables and name in _COLUMNS:
        return Format("custom-columns", _columns(name, argument, no_headers, read_file))
    if output.lower() in _PLAIN:
        return Format(output.lower())
    if not output or (tables and output == "wide"):
        return Format(output)
    raise FormatError(
        f"unable to match a printer suitable for the output format {quote(output)}, "
        f"allowed formats are: {','.join(sorted(OUTPUT_FORMATS if tables else FORMATS))}"
    )


def _template(name: str, text: str, read_file: Callable[[str], str]) -> gotemplate.Template | jsonpath.Template:
    if not text:
        raise FormatError("template format specified but no template given")
    if name.endswith("-file"):
        text = _read("--template ", text, read_file)
    is_go = name.startswith("go")
    try:
        return gotemplate.parse(text) if is_go else jsonpath.parse(text)
    except FormatError as error:
        raise FormatError(f"error parsing {'template' if is_go else 'jsonpath'} {text}, {error.message}") from None


def _columns(name: str, text: str, no_headers: bool, read_file: Callable[[str], str]) -> Columns:
    if not text:
        raise FormatError("custom-columns format specified but no custom columns given")
    if name == "custom-columns":
        return columns.parse(text, no_headers)
    return columns.parse_file(_read("template ", text, read_file))


def _read(what: str, path: str, read_file: Callable[[str], str]) -> str:
    try:
        return read_file(path)
    except OSError as error:
        verb = "read" if isinstance(error, IsADirectoryError) else "open"
        raise FormatError(f"error reading {what}{path}, {verb} {path}: {(error.strerror or '').lower()}") from None


def list_of(items: list[dict[str, Any]]) -> dict[str, Any]:
    """The List in which kubectl get shows several objects."""
    return {"apiVersion": "v1", "items": items, "kind": "List", "metadata": {"resourceVersion": ""}}


def evaluate_relaxed(expression: str, obj: Mapping[str, Any]) -> list[Any]:
    """What a path, with or without braces and leading dot, finds in `obj`. Raises FormatError."""
    return [value for part in jsonpath.parse(jsonpath.relaxed(expression)).results(obj) for value in part]


def _items(obj: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    items = obj.get("items")
    return items if isinstance(items, list) else [obj]


def _reference(obj: Mapping[str, Any]) -> str:
    """What -o name prints: "deployment.apps/web"."""
    group = str(obj.get("apiVersion", "")).rpartition("/")[0]
    kind = str(obj.get("kind", "")).lower()
    return f"{kind}{'.' * bool(group)}{group}/{obj.get('metadata', {}).get('name') or '<unknown>'}"
