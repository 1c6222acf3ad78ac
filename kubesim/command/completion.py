"""`kubesim completion`: a script with which a shell completes kubesim's commands and options."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module

from kubesim.command import COMMANDS

# The options before a command.
_OPTIONS = ("--help", "--registries", "--version")
# The line with which zsh runs completion functions of bash.
_ZSH = "autoload -Uz bashcompinit && bashcompinit\n"
# {commands} is a pattern. {values} are branches for the value of an option, by COMMAND:OPTION, and {words} for other
# words, by COMMAND:BEGINNING. Before a command, COMMAND is empty.
_BASH = """\
_kubesim() {{
    local word command="" last="${{COMP_WORDS[COMP_CWORD]}}" candidates=""
    for word in "${{COMP_WORDS[@]:1:$((COMP_CWORD-1))}}"; do
        case $word in {commands}) command=$word; break ;; esac
    done
    case "$command:${{COMP_WORDS[COMP_CWORD-1]}}" in
    {values}
    *) case "$command:$last" in
        {words}
        esac ;;
    esac
    COMPREPLY=($(compgen -W "$candidates" -- "$last"))
}}
complete -o default -F _kubesim kubesim
"""


def define(command: argparse.ArgumentParser) -> None:
    """Add the options."""
    command.description = (
        "Print a script for a shell. Load it with source <(kubesim completion bash), the same with zsh, or "
        "kubesim completion fish | source. What follows kubectl why is completed by kubectl's own script."
    )
    command.add_argument("shell", choices=_SCRIPTS, help="the shell that loads the script")


def run(options: argparse.Namespace) -> int:
    """Print the script."""
    sys.stdout.write(_SCRIPTS[options.shell]())
    return 0


def _actions(name: str) -> Sequence[argparse.Action]:
    """The options and operands of a command."""
    parser = argparse.ArgumentParser()
    import_module(f"kubesim.command.{name}").define(parser)
    return parser._actions


def _bash() -> str:
    """The script for bash. Its branches look like: why:-o|why:--output) candidates="text markdown json" ;;"""
    values = [":--registries) ;;"]  # no candidates: bash completes file names
    words = [f':-*) candidates="{" ".join(_OPTIONS)}" ;;', f':*) candidates="{" ".join(COMMANDS)}" ;;']
    for name in COMMANDS:
        flags: list[str] = []
        for action in _actions(name):
            choices = f'candidates="{" ".join(action.choices or ())}" ;;'
            flags += (flag for flag in action.option_strings if flag.startswith("--"))
            if not action.option_strings and action.choices:
                words.append(f"{name}:[!-]*|{name}:) {choices}")
            elif action.choices:
                values.append(f"{'|'.join(f'{name}:{flag}' for flag in action.option_strings)}) {choices}")
        words.append(f'{name}:-*) candidates="{" ".join(flags)}" ;;')
    return _BASH.format(commands="|".join(COMMANDS), values="\n    ".join(values), words="\n        ".join(words))


def _zsh() -> str:
    return _ZSH + _bash()


def _fish() -> str:
    return "".join(f"complete -c kubesim {line}\n" for line in _fish_lines())


def _fish_lines() -> Iterator[str]:
    """The arguments of `complete -c kubesim`: a line for each command, option and operand with choices."""
    yield from (f"-n __fish_use_subcommand -l {option.removeprefix('--')}" for option in _OPTIONS)
    for name, summary in COMMANDS.items():
        yield f"-n __fish_use_subcommand -f -a {name} -d {_quoted(summary)}"
        for action in _actions(name):
            names = [f"-{'l' if flag.startswith('--') else 's'} {flag.lstrip('-')}" for flag in action.option_strings]
            choices = f"-x -a {_quoted(' '.join(action.choices))}" if action.choices else ""
            takes = choices or ("-r" if names and action.nargs != 0 else "")
            if names or choices:
                about = f"-d {_quoted(action.help or '')}"
                yield " ".join(filter(None, [f"-n '__fish_seen_subcommand_from {name}'", *names, takes, about]))


def _quoted(text: str) -> str:
    """The text in fish's single quotes."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


_SCRIPTS: dict[str, Callable[[], str]] = {"bash": _bash, "zsh": _zsh, "fish": _fish}
