"""kubectl's -o: which formats there are, and how an object is printed in one.

Mirrors k8s.io/cli-runtime pkg/genericclioptions/{print,template,jsonpath,name}_flags.go and k8s.io/kubectl
pkg/cmd/get/{get,customcolumn}_flags.go and pkg/util/apply.go, v1.36.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from itertools import chain, repeat
from typing import Any, NamedTuple

from kubesim.api.budget import Budget
from kubesim.api.objects import LAST_APPLIED
from kubesim.gotext import gojson
from kubesim.kubectl.errors import FormatError, NotSimulated, refuse_if

Print = Callable[[Mapping[str, Any], bool], str]
"""Prints an object or a List. True says that kubectl built it itself: its JSON keeps the order of the fields."""

# Which class of which module prints each format with a template. It is imported when the format is first used; it takes
# the name, the template, whether to leave out headers, and the budget to pay from, and makes a Print for one command.
_PRINTERS = {
    "go-template": ("gotemplate", "Printer"),
    **dict.fromkeys(("jsonpath", "jsonpath-as-json"), ("jsonpath", "Printer")),
    **dict.fromkeys(("custom-columns", "custom-columns-file"), ("columns", "Printer")),
}
_SYNONYMS = {"template": "go-template", "templatefile": "go-template-file"}
_TEMPLATES = ("go-template", "go-template-file", *_SYNONYMS, "jsonpath", "jsonpath-as-json", "jsonpath-file")
FORMATS = ("json", "yaml", "kyaml", "name", *_TEMPLATES)
"""What every -o knows, in the order of the usage lines."""

OUTPUT_FORMATS = (*FORMATS, "custom-columns", "custom-columns-file", "wide")
"""What kubectl get knows."""

ABSENT_FORMATS = ("kyaml",)


class Format(NamedTuple):
    """A format with its parsed template, for the prints of one command. The name is empty where -o was not given."""

    name: str = ""
    printer: Print | None = None

    @property
    def is_table(self) -> bool:
        """Whether it is a table for people, or the one line of a verb that changes something."""
        return self.printer is None

    def render(self, obj: Mapping[str, Any], typed: bool = False) -> str:
        """An object or a List in a format that is no table; YAML and columns know whether something was printed before.

        `typed` says that kubectl built the object itself: its JSON keeps the order of the fields. Raises FormatError.
        """
        return self.printer(obj, typed) if self.printer else ""


def parse_output(
    flags: Mapping[str, Any], read_file: Callable[[str], str], budget: Budget, tables: bool = True
) -> Format:
    """The format that -o and --template name; without `tables` neither `wide` nor custom columns.

    `read_file` reads a file of the learner and raises OSError. Raises FormatError and NotSimulated.
    """
    output, template = flags["output"], flags["template"]
    name, _, argument = output.partition("=")
    if template:
        name, argument = output or "go-template", template
    name = _SYNONYMS.get(name, name)
    is_columns = tables and name.startswith("custom-columns")
    if name in _TEMPLATES or (is_columns and name in _PRINTERS):
        argument = _template(name, argument, read_file)
        name = name if is_columns else name.removesuffix("-file")
        module, printer = _PRINTERS[name]
        made = getattr(_load(module), printer)(name, argument, flags.get("no-headers", False), budget)
        return Format(name, made)
    if plain := {"json": _json, "name": _names, "yaml": _yaml()}.get(output.lower()):
        return Format(output.lower(), plain)
    if not output or (tables and output == "wide"):
        return Format(output)
    raise no_format(output, OUTPUT_FORMATS if tables else FORMATS)


def _yaml() -> Print:
    """YAML, with `---` before all but the first object."""
    separators = chain([""], repeat("---\n"))
    return lambda obj, _: next(separators) + to_yaml(obj)


def _json(obj: Mapping[str, Any], typed: bool) -> str:
    return to_json(obj, typed) + "\n"


def _names(obj: Mapping[str, Any], _: bool) -> str:
    return "".join([f"{_reference(item)}\n" for item in items_of(obj)])


def no_format(output: str, allowed: Sequence[str], absent: Sequence[str] = ()) -> Exception:
    """The refusal of an -o that a command does not know, or that kubesim does not have here."""
    if output.lower() in (*ABSENT_FORMATS, *absent):
        return NotSimulated(f"--output {output} is not part of this simulator")
    names = ",".join(sorted(allowed))
    return FormatError(
        f"unable to match a printer suitable for the output format {gojson.quote(output)}, allowed formats are: {names}"
    )


def _load(name: str) -> Any:
    return import_module(f"{__name__}.{name}")


def _template(name: str, text: str, read_file: Callable[[str], str]) -> str:
    """The template of a format, read from its file where it has one."""
    is_columns, has_file = name.startswith("custom-columns"), name.endswith("-file")
    what = ("custom-columns", "custom columns") if is_columns else ("template", "template")
    refuse_if(not text, f"{what[0]} format specified but no {what[1]} given", FormatError)
    try:
        return read_file(text) if has_file else text
    except OSError as error:
        option = "" if is_columns else "--"
        verb = "read" if isinstance(error, IsADirectoryError) else "open"
        problem = f"{verb} {text}: {(error.strerror or '').lower()}"
        raise FormatError(f"error reading {option}template {text}, {problem}") from None


def sort_objects(objects: Sequence[Any], field: str, budget: Budget) -> list[Any]:
    """`objects` in the order of --sort-by's `field`, a path with or without braces. Raises FormatError."""
    ordered: list[Any] = _load("jsonpath").sort_objects(objects, field, budget)
    return ordered


_RELAXED = re.compile(r"\{\.?([^{}]+)\}|\.?([^{}]+)")


def relaxed(expression: str) -> str:
    """The template that a path without braces or leading dot means: `metadata.name` is `{.metadata.name}`.

    For --sort-by, custom columns and wait. Raises FormatError.
    """
    match = _RELAXED.fullmatch(expression)
    if match is None and expression:
        raise FormatError(
            "unexpected path string, expected a 'name1.name2' or '.name1.name2' or '{name1.name2}' or '{.name1.name2}'"
        )
    return f"{{.{match[1] or match[2]}}}" if match else ""


def evaluate_relaxed(expression: str, obj: Mapping[str, Any], budget: Budget) -> list[Any]:
    """What a path, with or without braces and leading dot, finds in `obj`. Raises FormatError."""
    jsonpath = _load("jsonpath")
    return [value for part in jsonpath.results(jsonpath.parse(relaxed(expression)), obj, budget) for value in part]


def list_of(items: list[dict[str, Any]]) -> dict[str, Any]:
    """The List in which kubectl get shows several objects."""
    return {"apiVersion": "v1", "items": items, "kind": "List", "metadata": {"resourceVersion": ""}}


def items_of(obj: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The objects of a List, or the object itself."""
    items = obj.get("items")
    return items if isinstance(items, list) else [obj]


def _reference(obj: Mapping[str, Any]) -> str:
    """What -o name prints: "deployment.apps/web"."""
    group = str(obj.get("apiVersion", "")).rpartition("/")[0]
    kind = str(obj.get("kind", "")).lower()
    qualified = f"{kind}.{group}" if group else kind
    return f"{qualified}/{obj.get('metadata', {}).get('name') or '<unknown>'}"


def to_json(value: Any, typed: bool = False) -> str:
    """`value` indented by four spaces, without a line end.

    Keys are sorted; a `typed` object, one that kubectl built itself, keeps the order of its fields after kind and
    apiVersion.
    """
    if typed:
        value = {key: value[key] for key in ("kind", "apiVersion") if key in value} | value
    return gojson.dumps(value, sort=not typed, indent=4)


def last_applied(obj: Mapping[str, Any], typed: bool = False) -> str:
    """What kubectl apply keeps of `obj` in the annotation LAST_APPLIED: all but that annotation, with a line end.

    A `typed` object keeps the order of its fields, and has no empty annotations.
    """
    metadata = obj.get("metadata") or {}
    annotations = {key: text for key, text in (metadata.get("annotations") or {}).items() if key != LAST_APPLIED}
    kept = {} if typed and not annotations else {"annotations": annotations}
    return gojson.dumps({**obj, "metadata": {**metadata, **kept}}, sort=not typed) + "\n"


def to_yaml(value: Any) -> str:
    """`value` as a YAML document with its line end."""
    return str(import_module("kubesim.kubectl.documents").dump(value))  # late: it imports PyYAML
