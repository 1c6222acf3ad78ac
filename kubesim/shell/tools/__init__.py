"""The tools that a learner's command line needs; all in Python, so that they run in a browser too."""

from __future__ import annotations

from collections.abc import Iterable

from kubesim.shell.tools import control, files, grep, processes, sed, text
from kubesim.shell.tools.about import about
from kubesim.shell.tools.tool import Tool

_MODULES = (control, files, grep, processes, sed, text)


def toolbox(programs: Iterable[Tool]) -> dict[str, Tool]:
    """All tools of this package by name, and `programs` besides."""
    tools = {tool.name: tool for module in _MODULES for tool in vars(module).values() if isinstance(tool, Tool)}
    tools |= {program.name: program for program in programs}
    tools |= {tool.name: tool for tool in about(tools)}
    return tools
