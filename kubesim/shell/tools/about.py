"""help, type and which: the tools that speak about the others."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping

from kubesim.shell.state import Invocation, ToolError
from kubesim.shell.tools.tool import Options, Tool, tool

_WIDTH = 39
_EDITORS = ("vi", "vim", "vimtutor", "emacs")


def about(tools: Mapping[str, Tool]) -> list[Tool]:
    """The tools that need to know `tools`, to which they belong themselves."""

    @tool("help [COMMAND]", None, builtin=True, example="help sed")
    def help_(operands: list[str], options: Options, io: Invocation) -> int:
        for name in operands:
            if name not in tools:
                raise ToolError(f"no help topics match `{name}'")
            io.out(f"Usage: {tools[name].usage or name}\n")
        io.out("" if operands else _overview(tools))
        return 0

    @tool("which NAME...", None, example="which kubectl")
    def which(operands: list[str], options: Options, io: Invocation) -> int:
        found = [name for name in operands if name in tools and not tools[name].builtin]
        io.out("".join(f"{_place(tools[name])}\n" for name in found))
        return int(len(found) < len(operands))

    @tool("type NAME...", None, builtin=True, example="type k")
    def type_(operands: list[str], options: Options, io: Invocation) -> int:
        for name in operands:
            if name in io.state.aliases:
                io.out(f"{name} is aliased to `{io.state.aliases[name]}'\n")
            elif name in tools:
                io.out(f"{name} is {'a shell builtin' if tools[name].builtin else _place(tools[name])}\n")
            else:
                io.fail(f"{name}: not found")
        return 0

    return [help_, which, type_, *map(_editor, _EDITORS)]


def _place(tool: Tool) -> str:
    return f"{'/usr/local/bin' if tool.complete else '/usr/bin'}/{tool.name}"


def _editor(name: str) -> Tool:
    def run(arguments: list[str], io: Invocation) -> int:
        io.err(f"kubesim: '{name}' is not part of this simulator; its editor is nano, as in: nano pod.yaml\n")
        return 127

    return Tool(name, run)


def _overview(tools: Mapping[str, Tool]) -> str:
    """All tools on one screen, each by an example, and the verbs of those that know their own words."""
    examples = [tool.example for _, tool in sorted(tools.items()) if tool.example]
    half = (len(examples) + 1) // 2
    rows = [
        f"  {left:{_WIDTH}}{right}".rstrip()
        for left, right in zip(examples[:half], [*examples[half:], ""], strict=False)
    ]
    verbs = [
        textwrap.fill(" ".join(tool.complete([""])), 78, initial_indent=f"{name}: ", subsequent_indent="  ")
        for name, tool in sorted(tools.items())
        if tool.complete
    ]
    return "\n".join(["The tools here, by example; NAME --help says more:", *rows, *verbs, ""])
