"""kubectl's -o: which formats there are, and how an object is printed in one.

Mirrors k8s.io/cli-runtime pkg/genericclioptions/{print,template,jsonpath,name}_flags.go and k8s.io/kubectl
pkg/cmd/get/{get,customcolumn}_flags.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import chain, repeat
from typing import Any, NamedTuple, Protocol

from kubesim.api.budget import Budget
from kubesim.api.objects import Object
from kubesim.gotext import gofmt, gojson
from kubesim.kubectl.errors import FormatError, NotSimulated, refuse_if


class Print(Protocol):
    """Prints an object or a List. `typed`: kubectl built it itself, and its JSON keeps the order of the fields."""

    def __call__(self, obj: Object, typed: bool) -> str: ...


class _Options(NamedTuple):
    """What a format gets, for the prints of one command."""

    template: str
    no_headers: bool  # of columns
    budget: Budget
    read_file: Callable[[str], str]


# How a format is made. Those with a template import their module when they are first used.


def _json(_: _Options) -> Print:
    return lambda obj, typed: to_json(obj, typed) + "\n"


def _yaml(_: _Options) -> Print:
    """YAML, with `---` before all but the first object."""
    separators = chain([""], repeat("---\n"))
    return lambda obj, typed: next(separators) + to_yaml(obj)


def _names(_: _Options) -> Print:
    return lambda obj, typed: "".join([f"{_reference(item)}\n" for item in items_of(obj)])


def _go_template(options: _Options) -> Print:
    from kubesim.kubectl.formats.gotemplate import Printer

    return Printer(options.template, options.budget)


def _jsonpath(options: _Options, as_json: bool = False) -> Print:
    from kubesim.kubectl.formats.jsonpath import Printer

    return Printer(options.template, options.budget, as_json)


def _columns(options: _Options) -> Print:
    from kubesim.kubectl.formats.columns import Printer, of_option

    return Printer(of_option(options.template), options.budget, has_headings=not options.no_headers)


def _columns_of_file(options: _Options) -> Print:
    """With the headers even after --no-headers, as kubectl does."""
    from kubesim.kubectl.formats.columns import Printer, of_file

    return Printer(of_file(options.template, options.read_file), options.budget, has_headings=True)


_Makers = Mapping[str, Callable[[_Options], Print]]
_PLAIN: _Makers = {"json": _json, "yaml": _yaml, "name": _names}
_TEMPLATED: _Makers = {
    "go-template": _go_template,
    "template": _go_template,
    "jsonpath": _jsonpath,
    "jsonpath-as-json": partial(_jsonpath, as_json=True),
}
_COLUMNS: _Makers = {"custom-columns": _columns, "custom-columns-file": _columns_of_file}
ABSENT_FORMATS = ("kyaml", "go-template-file", "templatefile", "jsonpath-file")
"""Those that aren't simulated."""
FORMATS = (*_PLAIN, *_TEMPLATED, *ABSENT_FORMATS)
"""What every -o knows."""
OUTPUT_FORMATS = (*FORMATS, *_COLUMNS, "wide")
"""What kubectl get knows."""


class Format(NamedTuple):
    """A format with its parsed template, for the prints of one command. The name is empty where -o was not given."""

    name: str = ""
    printer: Print | None = None

    @property
    def is_table(self) -> bool:
        """Whether it is a table for people, or the one line of a verb that changes something."""
        return self.printer is None

    def render(self, obj: Object, typed: bool = False) -> str:
        """An object or a List in a format that is no table; YAML and columns know whether something was printed before.

        `typed` says that kubectl built the object itself: its JSON keeps the order of the fields. Raises FormatError.
        """
        assert self.printer, "a table is not printed by its format"
        return self.printer(obj, typed)


def parse_output(flags: Mapping[str, Any], read_file: Callable[[str], str], budget: Budget, tables: bool) -> Format:
    """The format that -o and --template name; without `tables` neither `wide` nor custom columns.

    `read_file` reads a file of the learner and raises OSError. Raises FormatError and NotSimulated.
    """
    output = flags.get("output", "")
    name, _, template = output.partition("=")
    if flags.get("template"):
        name = output or "go-template"
        template = flags["template"]
    options = _Options(template, flags.get("no-headers", False), budget, read_file)
    if name in _TEMPLATED:
        refuse_if(not template, "template format specified but no template given", FormatError)
        return Format(name, _TEMPLATED[name](options))
    if name in _COLUMNS and tables:
        refuse_if(not template, "custom-columns format specified but no custom columns given", FormatError)
        return Format(name, _COLUMNS[name](options))
    if output.lower() in _PLAIN:
        return Format(output.lower(), _PLAIN[output.lower()](options))
    if not output or (tables and output == "wide"):
        return Format(output)
    raise no_format(output, OUTPUT_FORMATS if tables else FORMATS)


def no_format(output: str, allowed: Sequence[str], absent: Sequence[str] = ()) -> Exception:
    """The refusal of an -o that a command does not know, or that kubesim does not have here."""
    if output.lower().partition("=")[0] in (*ABSENT_FORMATS, *absent):
        return NotSimulated(f"--output {output} is not part of this simulator")
    return FormatError(
        f"unable to match a printer suitable for the output format {gofmt.quote(output)}, "
        f"allowed formats are: {','.join(sorted(allowed))}"
    )


def list_of(items: list[Object]) -> Object:
    """The List in which kubectl get shows several objects."""
    return {"apiVersion": "v1", "items": items, "kind": "List", "metadata": {"resourceVersion": ""}}


def items_of(obj: Object) -> list[Object]:
    """The objects of a List, or the object itself."""
    items = obj.get("items")
    return items if isinstance(items, list) else [obj]


def _reference(obj: Object) -> str:
    """What -o name prints: "deployment.apps/web"."""
    group = str(obj.get("apiVersion", "")).rpartition("/")[0]
    kind = str(obj.get("kind", "")).lower()
    qualified = f"{kind}.{group}" if group else kind
    return f"{qualified}/{obj.get('metadata', {}).get('name') or '<unknown>'}"


def to_json(value: Any, typed: bool) -> str:
    """`value` indented by four spaces, without a line end.

    Keys are sorted; a `typed` object, one that kubectl built itself, keeps the order of its fields after kind and
    apiVersion.
    """
    if typed:
        value = {key: value[key] for key in ("kind", "apiVersion") if key in value} | value
    return gojson.dumps(value, sort=not typed, indent=4)


def to_yaml(value: Any) -> str:
    """`value` as a YAML document with its line end."""
    from kubesim.kubectl.yamldump import dump  # late: it imports PyYAML

    return dump(value)
