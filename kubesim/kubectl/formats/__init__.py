"""The formats of --output, except for tables, which are in output.py. Templates have modules of their own here.

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

# Formats of kubectl that aren't simulated.
ABSENT_FORMATS = ("kyaml", "go-template-file", "templatefile", "jsonpath-file")


class Print(Protocol):
    """A function that turns an object or a List into text; for `typed` see `Format.render`. It may keep state."""

    def __call__(self, obj: Object, typed: bool) -> str: ...


class _Options(NamedTuple):
    """The options of a format in one call of a command."""

    template: str
    no_headers: bool  # for columns
    budget: Budget
    read_file: Callable[[str], str]  # see `parse_output`


# Functions that create a Print. Those with a template import its module only when it is used.


def _json(_: _Options) -> Print:
    return lambda obj, typed: to_json(obj, typed) + "\n"


def _yaml(_: _Options) -> Print:
    """YAML, with `---` before all but the first object."""
    separators = chain([""], repeat("---\n"))
    return lambda obj, typed: next(separators) + to_yaml(obj)


def _names(_: _Options) -> Print:
    return lambda obj, typed: "".join([f"{_reference(item)}\n" for item in items_of(obj)])


def _go_template(options: _Options) -> Print:
    from kubesim.kubectl.formats.gotemplate import GoTemplatePrinter

    return GoTemplatePrinter(options.template, options.budget)


def _jsonpath(options: _Options, as_json: bool = False) -> Print:
    from kubesim.kubectl.formats.jsonpath import JSONPathPrinter

    return JSONPathPrinter(options.template, options.budget, as_json)


def _columns(options: _Options) -> Print:
    from kubesim.kubectl.formats.columns import ColumnsPrinter, parse_columns

    return ColumnsPrinter(parse_columns(options.template), options.budget, has_headings=not options.no_headers)


def _columns_of_file(options: _Options) -> Print:
    """Columns from a file. As in kubectl, --no-headers has no effect on them."""
    from kubesim.kubectl.formats.columns import ColumnsPrinter, read_columns

    return ColumnsPrinter(read_columns(options.template, options.read_file), options.budget, has_headings=True)


_Makers = Mapping[str, Callable[[_Options], Print]]
_PLAIN: _Makers = {"json": _json, "yaml": _yaml, "name": _names}
_TEMPLATED: _Makers = {
    "go-template": _go_template,
    "template": _go_template,
    "jsonpath": _jsonpath,
    "jsonpath-as-json": partial(_jsonpath, as_json=True),
}
_COLUMNS: _Makers = {"custom-columns": _columns, "custom-columns-file": _columns_of_file}
# Formats of every command with --output.
FORMATS = (*_PLAIN, *_TEMPLATED, *ABSENT_FORMATS)
# Formats of `kubectl get`.
OUTPUT_FORMATS = (*FORMATS, *_COLUMNS, "wide")


class Format(NamedTuple):
    """A format with its parsed template. `name` is "" without --output; `printer` is None for a table or a report."""

    name: str = ""
    printer: Print | None = None

    @property
    def is_table(self) -> bool:
        """True for a table, or a report such as "pod/web created": the caller prints both itself."""
        return self.printer is None

    def render(self, obj: Object, typed: bool = False) -> str:
        """An object or a List as text; not for tables. Raises FormatError.

        YAML separates the documents of several calls with `---`, and columns print their headers only once. With
        `typed`, kubectl holds the object as a Go struct: JSON keeps the order of its fields instead of sorting keys.
        """
        assert self.printer, "a table is not printed by its format"
        return self.printer(obj, typed)


def parse_output(flags: Mapping[str, Any], read_file: Callable[[str], str], budget: Budget, tables: bool) -> Format:
    """Parse --output and --template. Raises FormatError and NotSimulated.

    Only with `tables`, `wide` and custom columns are allowed. `read_file` returns the text of a file in the workspace,
    or raises OSError.
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
    raise _format_refusal(output, OUTPUT_FORMATS if tables else FORMATS)


def _format_refusal(output: str, allowed: Sequence[str]) -> Exception:
    """The refusal of an --output: NotSimulated for a format of kubectl that kubesim lacks, otherwise FormatError."""
    if output.lower().partition("=")[0] in ABSENT_FORMATS:
        return NotSimulated(f"--output {output} is not part of this simulator")
    return FormatError(
        f"unable to match a printer suitable for the output format {gofmt.quote(output)}, "
        f"allowed formats are: {','.join(sorted(allowed))}"
    )


def list_of(items: list[Object]) -> Object:
    """The List in which `kubectl get` prints several objects."""
    return {"apiVersion": "v1", "items": items, "kind": "List", "metadata": {"resourceVersion": ""}}


def items_of(obj: Object) -> list[Object]:
    """The objects of a List, or the object itself."""
    items = obj.get("items")
    return items if isinstance(items, list) else [obj]


def _reference(obj: Object) -> str:
    """An object in the format `name`: "deployment.apps/web"."""
    group = str(obj.get("apiVersion", "")).rpartition("/")[0]
    kind = str(obj.get("kind", "")).lower()
    qualified = f"{kind}.{group}" if group else kind
    return f"{qualified}/{obj.get('metadata', {}).get('name') or '<unknown>'}"


def to_json(value: Any, typed: bool) -> str:
    """JSON indented by four spaces, without a line end at its end.

    Keys are sorted; those of a `typed` object keep their order, after kind and apiVersion.
    """
    if typed:
        value = {key: value[key] for key in ("kind", "apiVersion") if key in value} | value
    return gojson.dumps(value, sort=not typed, indent=4)


def to_yaml(value: Any) -> str:
    """`value` as a YAML document with its line end."""
    from kubesim.kubectl.yamldump import dump  # late: it imports PyYAML

    return dump(value)
