"""help, type and which, which speak about the other tools; and the editors that are not nano."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from itertools import zip_longest

from kubesim.shell.state import Invocation, ToolError
from kubesim.shell.tools.tool import Options, Tool, tool

_WIDTH = 39
_EDITORS = ("vi", "vim", "vimtutor", "emacs")


def about(tools: Mapping[str, Tool]) -> list[Tool]:
    """The tools that need to know `tools`, to which they belong themselves."""

    @tool("help [COMMAND]", builtin=True, example="help sed")
    def help_(operands: list[str], options: Options, io: Invocation) -> None:
        for name in operands:
            if name not in tools:
                raise ToolError(f"no help topics match `{name}'")
            io.out(f"Usage: {tools[name].usage or name}\n")
        io.out("" if operands else "\n".join(_overview(tools)) + "\n")

    @tool("which NAME...", example="which kubectl")
    def which(operands: list[str], options: Options, io: Invocation) -> int:
        found = [name for name in operands if name in tools and not tools[name].builtin]
        io.out("".join(f"{_place(tools[name])}\n" for name in found))
        return int(len(found) < len(operands))

    @tool("type NAME...", builtin=True, example="type k")
    def type_(operands: list[str], options: Options, io: Invocation) -> None:
        for name in operands:
            if name in io.state.aliases:
                io.out(f"{name} is aliased to `{io.state.aliases[name]}'\n")
            elif name in tools:
                io.out(f"{name} is {'a shell builtin' if tools[name].builtin else _place(tools[name])}\n")
            else:
                io.fail(f"{name}: not found")

    return [help_, which, type_, *map(_editor, _EDITORS)]


def _place(tool: Tool) -> str:
    return f"{'/usr/local/bin' if tool.complete else '/usr/bin'}/{tool.name}"


def _editor(name: str) -> Tool:
    def run(arguments: list[str], io: Invocation) -> int:
        io.err(f"kubesim: '{name}' is not part of this simulator; its editor is nano, as in: nano pod.yaml\n")
        return 127

    return Tool(name, run)


def _overview(tools: Mapping[str, Tool]) -> Iterator[str]:
    """All tools on one screen, each by an example, and the verbs of those that know their own words."""
    yield "The tools here, by example; NAME --help says more:"
    examples = [tool.example for _, tool in sorted(tools.items()) if tool.example]
    half = (len(examples) + 1) // 2
    for left, right in zip_longest(examples[:half], examples[half:], fillvalue=""):
        yield f"  {left:{_WIDTH}}{right}".rstrip()
    for name, program in sorted(tools.items()):
        if program.complete and "COMMAND" in program.usage:
            yield textwrap.fill(f"{name}: {' '.join(program.complete(['']))}", 78, subsequent_indent="  ")
