"""-o go-template: a parsed template, executed.

Mirrors text/template/exec.go (Go 1.26) and k8s.io/cli-runtime pkg/printers/template.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from kubesim import gojson
from kubesim.kubectl.errors import NotSimulated
from kubesim.kubectl.formats import gotemplate_functions as functions
from kubesim.kubectl.formats import gotemplate_parser as parser
from kubesim.kubectl.formats.golang import type_name
from kubesim.kubectl.formats.gotemplate_parser import TemplateError

__all__ = ["Template", "TemplateError", "parse"]

_NO_FINAL = object()
_MOST_ROUNDS = 100_000
_TOO_DEEP = "this template is nested too deeply for the simulator"


class _Break(Exception):
    pass


class _Continue(Exception):
    pass


@dataclass
class _Value:
    """A value and whether Go holds it in an interface, as it does what comes out of a map or list.

    `missing` tells a key that is not there from one that is null.
    """

    value: Any
    boxed: bool = False
    missing: bool = False

    @property
    def type_name(self) -> str:
        return "interface {}" if self.boxed else type_name(self.value)


_MISSING = _Value(None, missing=True)


@dataclass(frozen=True)
class Template:
    """A parsed template and its text."""

    text: str
    nodes: tuple[parser.Node, ...]

    def render(self, obj: Any, allow_missing_keys: bool = True) -> str:
        """`obj` printed through the template.

        Raises NotSimulated, and TemplateError whose `stdout` is what kubectl prints before it.
        """
        run = _Run(self.text, obj, allow_missing_keys)
        try:
            run.walk(_Value(obj), self.nodes)
        except RecursionError:
            raise TemplateError(_TOO_DEEP) from None
        except TemplateError as error:
            printed = "".join(run.out) + self._explain(error.message, obj)
            raise TemplateError(
                f"error executing template {gojson.quote(self.text)}: {error.message}", printed
            ) from None
        return "".join(run.out)

    def _explain(self, problem: str, obj: Any) -> str:
        return (
            f"Error executing template: {problem}. Printing more information for debugging the template:\n"
            f"\ttemplate was:\n\t\t{self.text}\n\traw data was:\n\t\t{gojson.dumps(obj)}\n"
            f"\tobject given to template engine was:\n\t\t{gojson.sprint(obj)}\n\n"
        )


@lru_cache(maxsize=256)
def parse(text: str) -> Template:
    """Read a template. Raises TemplateError ("template: output:1: unclosed action") and NotSimulated."""
    try:
        return Template(text, tuple(parser.parse(text, functions.NAMES)))
    except RecursionError:
        raise TemplateError(_TOO_DEEP) from None


class _Run:
    """One execution of a template: what it has printed, its variables, and the node it is at."""

    def __init__(self, text: str, obj: Any, allow_missing_keys: bool) -> None:
        self.out: list[str] = []
        self._text = text
        self._allow_missing_keys = allow_missing_keys
        self._variables: list[tuple[str, _Value]] = [("$", _Value(obj))]
        self._node = parser.Node(0, "")

    def _error(self, problem: str) -> TemplateError:
        before = self._text[: self._node.at]
        line, column = 1 + before.count("\n"), len(before) - before.rfind("\n") - 1
        place = f'template: output:{line}:{column}: executing "output" at <{self._node.text}>'
        return TemplateError(f"{place}: {problem}")

    def walk(self, dot: _Value, nodes: Iterator[parser.Node] | tuple[parser.Node, ...] | list[parser.Node]) -> None:
        """Execute nodes one after the other."""
        for node in nodes:
            if isinstance(node, parser.Literal):
                self.out.append(node.text)
            elif isinstance(node, parser.Action):
                value = self._pipeline(dot, node.pipeline)
                if not node.pipeline.variables:
                    self.out.append("<no value>" if value.value is None else gojson.sprint(value.value))
            elif isinstance(node, parser.Control):
                self._control(dot, node)

    def _control(self, dot: _Value, node: parser.Control) -> None:
        if node.pipeline is None:
            raise _Break if node.text == "break" else _Continue
        known = len(self._variables)
        value = self._pipeline(dot, node.pipeline)
        if node.text == "range":
            self._range(dot, node, node.pipeline, value)
        elif functions.truth(value.value):
            self.walk(value if node.text == "with" else dot, node.body)
        else:
            self.walk(dot, node.otherwise)
        del self._variables[known:]

    def _range(self, dot: _Value, node: parser.Control, pipeline: parser.Pipeline, value: _Value) -> None:
        known = len(self._variables)
        empty = True
        for key, item in self._items(value.value, pipeline):
            empty = False
            for name, bound in zip(reversed(pipeline.variables), (item, key), strict=False):
                self._bind(name, bound)
            try:
                self.walk(item, node.body)
            except _Continue:
                continue
            except _Break:
                break
            finally:
                del self._variables[known:]
        if empty:
            self.walk(dot, node.otherwise)

    def _items(self, value: Any, pipeline: parser.Pipeline) -> Iterator[tuple[_Value, _Value]]:
        if isinstance(value, dict):
            return ((_Value(key), _Value(value[key], boxed=True)) for key in sorted(value))
        if isinstance(value, list):
            return ((_Value(index), _Value(item, boxed=True)) for index, item in enumerate(value))
        if isinstance(value, int) and not isinstance(value, bool):
            if len(pipeline.variables) > 1:
                raise self._error(f"can't use {value} to iterate over more than one variable")
            if value > _MOST_ROUNDS:
                raise NotSimulated(f"a range over {value} numbers is not part of this simulator")
            return ((_MISSING, _Value(number)) for number in range(value))
        if value is not None:
            raise self._error(f"range can't iterate over {gojson.sprint(value)}")
        return iter(())

    def _bind(self, name: str, value: _Value) -> None:
        """Give the innermost variable of that name a value."""
        for at in range(len(self._variables) - 1, -1, -1):
            if self._variables[at][0] == name:
                self._variables[at] = (name, value)
                return
        raise self._error(f"undefined variable: {name}")

    def _pipeline(self, dot: _Value, pipeline: parser.Pipeline) -> _Value:
        self._node = pipeline
        value: Any = _NO_FINAL
        for command in pipeline.commands:
            value = _Value(self._command(dot, command, value).value)
        assert isinstance(value, _Value)
        for name in pipeline.variables:
            if pipeline.assigns:
                self._bind(name, value)
            else:
                self._variables.append((name, value))
        return value

    def _command(self, dot: _Value, command: parser.Command, final: Any) -> _Value:
        first, *arguments = command.arguments
        if isinstance(first, parser.Function):
            return self._call(dot, first, command, arguments, final)
        if arguments or final is not _NO_FINAL:
            self._node = first
            if isinstance(first, parser.Fields) and first.names:
                raise self._error(f"{first.names[-1]} is not a method but has arguments")
            raise self._error(f"can't give argument to non-function {first.text}")
        if isinstance(first, parser.Literal) and first.value is None:
            self._node = first
            raise self._error("nil is not a command")
        return self._evaluate(dot, first)

    def _evaluate(self, dot: _Value, node: parser.Node) -> _Value:
        if isinstance(node, parser.Pipeline):
            return self._pipeline(dot, node)
        self._node = node
        if isinstance(node, parser.Literal):
            return _Value(node.value)
        if isinstance(node, parser.Function):
            return self._call(dot, node, node, [], _NO_FINAL)
        assert isinstance(node, parser.Fields)
        value = self._base(dot, node.base)
        self._node = node
        for name in node.names:
            value = self._field(value, name)
        return value

    def _base(self, dot: _Value, base: str | parser.Node | None) -> _Value:
        if isinstance(base, parser.Node):
            return self._evaluate(dot, base)
        if base is None:
            return dot
        for name, value in reversed(self._variables):
            if name == base:
                return value
        raise self._error(f"undefined variable: {base}")

    def _field(self, value: _Value, name: str) -> _Value:
        if isinstance(value.value, dict) and name in value.value:
            return _Value(value.value[name], boxed=True)
        if isinstance(value.value, dict) or value.missing or (value.value is None and not value.boxed):
            if self._allow_missing_keys:
                return _MISSING
            told = "map has no" if isinstance(value.value, dict) else "nil data; no"
            raise self._error(f"{told} entry for key {gojson.quote(name)}")
        if value.value is None:
            raise self._error(f"nil pointer evaluating {value.type_name}.{name}")
        raise self._error(f"can't evaluate field {name} in type {value.type_name}")

    def _call(
        self, dot: _Value, function: parser.Function, command: parser.Node, arguments: list[parser.Node], final: Any
    ) -> _Value:
        self._node = function
        count = len(arguments) + (final is not _NO_FINAL)
        problem = functions.wrong_count(function.text, count)
        if problem:
            raise self._error(problem)
        values = (self._evaluate(dot, node).value for node in arguments)
        if final is not _NO_FINAL:
            values = (value for group in (values, [final.value]) for value in group)
        try:
            return _Value(functions.call(function.text, values))
        except functions.WrongType as error:
            raise self._error(str(error)) from None
        except ValueError as error:
            self._node = command
            raise self._error(f"error calling {function.text}: {error}") from None
