"""The interpreter: walks the tree of a script and runs its commands, on strings instead of file descriptors."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from math import inf

from kubesim.api.budget import Budget, TooMuchError
from kubesim.api.result import Edit
from kubesim.shell import syntax
from kubesim.shell.expand import Expander, ExpansionError
from kubesim.shell.machine import COMMAND_COST, Input, Invocation, Machine, Sink, Streams
from kubesim.shell.parser import parse
from kubesim.shell.syntax import Script, ShellSyntaxError, UnsupportedError
from kubesim.shell.tools import Tool

_REDIRECT_COST = COMMAND_COST // 4
_MAX_DEPTH = 60  # of substitutions that run substitutions, as `xargs` may
_SCRIPT_DEPTH = 6  # what a shell in a shell counts for

Command = syntax.Simple | syntax.Compound


class _RedirectError(Exception):
    """A redirection that cannot be made; the message is the shell's."""


class LeaveError(Exception):
    """`exit`, `break` or `continue`, and the exit status."""

    def __init__(self, kind: str, status: int = 0) -> None:
        super().__init__(kind)
        self.kind = kind
        self.status = status


def _discard(_: str) -> None:
    """Take what goes to /dev/null."""


class Interpreter:
    """Runs scripts on a machine with the commands of `tools`."""

    def __init__(self, machine: Machine, tools: Mapping[str, Tool], depth: int = 0) -> None:
        self.machine = machine
        self.edit: Edit | None = None
        self.tools = tools
        self._depth = depth
        self._streams: list[Streams] = []

    def run(self, text: str, streams: Streams) -> int:
        """Run what was typed and return its exit status. Raises nothing: stderr gets what goes wrong."""
        self.machine.budget, self.edit = Budget(), None
        try:
            return self.interpret(text, streams)
        except UnsupportedError as error:
            streams.stderr(f"kubesim: {error} is not part of this simulator\n")
            self.machine.status = 2
        except TooMuchError as error:
            streams.stderr(f"{error}\n")
            self.machine.status = 1
        return self.machine.status

    def interpret(self, text: str, streams: Streams) -> int:
        """Run a script to its exit status. Raises UnsupportedError and TooMuchError."""
        machine = self.machine
        try:
            for script in parse(text, machine.aliases, machine.budget):
                self._script(script, streams)
        except (ShellSyntaxError, ExpansionError) as error:
            streams.stderr(machine.phrase(f"{machine.shell}: {error}\n"))
            machine.status = 2 if isinstance(error, ShellSyntaxError) else 1
        except LeaveError as leave:
            machine.status = leave.status
        return machine.status

    def _script(self, script: Script, streams: Streams) -> int:
        status = 0
        for item in script.items:
            status = self._background(item, streams) if item.background else self._and_or(item, streams)
        return status

    def _background(self, item: syntax.AndOr, streams: Streams) -> int:
        """Run what ends in `&`, and set the clock back; `wait` moves it on again."""
        machine = self.machine
        if machine.IS_TERMINAL:
            raise UnsupportedError("'&'")
        start = machine.clock.now
        try:
            self._group(Script((replace(item, background=False),)), streams)
            machine.jobs.append(machine.clock.now)
        except TooMuchError:
            machine.jobs.append(inf)
        machine.clock.now = start
        return 0

    def _and_or(self, item: syntax.AndOr, streams: Streams) -> int:
        status = self._pipeline(item.first, streams)
        for operator, pipeline in item.rest:
            if (operator == "&&") == (status == 0):
                status = self._pipeline(pipeline, streams)
        return status

    def _pipeline(self, pipeline: syntax.Pipeline, streams: Streams) -> int:
        *early, last = pipeline.commands
        machine = self.machine
        machine.first_alive = machine.next_pid
        if early:
            with self._subshell():
                status = self._stages(early, last, streams)
        else:
            status = self._command(last, streams)
        machine.status = int(not status) if pipeline.negated else status
        if machine.COMMAND_SECONDS and any(isinstance(command, syntax.Simple) for command in pipeline.commands):
            machine.clock.advance(machine.COMMAND_SECONDS)
        return machine.status

    def _stages(self, early: Sequence[Command], last: Command, streams: Streams) -> int:
        stdin = streams.stdin
        for command in early:
            output: list[str] = []
            self._isolated(command, Streams(stdin, output.append, streams.stderr))
            stdin = Input("".join(output))
        return self._isolated(last, streams._replace(stdin=stdin))

    def _isolated(self, command: Command, streams: Streams) -> int:
        try:
            return self._command(command, streams)
        except LeaveError as leave:
            return leave.status

    @contextmanager
    def _subshell(self) -> Iterator[None]:
        """Undo afterwards what commands do to variables, aliases and the current folder."""
        machine = self.machine
        kept, cwd = copy.copy(machine), machine.files.cwd
        machine.env, machine.variables, machine.aliases = dict(kept.env), dict(kept.variables), dict(kept.aliases)
        try:
            yield
        finally:
            machine.env, machine.variables, machine.aliases = kept.env, kept.variables, kept.aliases
            machine.files.cwd = cwd

    def _command(self, command: Command, streams: Streams) -> int:
        self.machine.budget.spend(COMMAND_COST if isinstance(command, syntax.Simple) else 1)
        self._streams.append(streams)
        try:
            redirected = streams
            for redirect in command.redirects:
                redirected = self._redirect(redirect, redirected)
            if isinstance(command, syntax.Simple):
                return self._simple(command, redirected)
            return self._compound(command, redirected)
        except _RedirectError as error:
            streams.stderr(self.machine.phrase(f"{self.machine.shell}: {error}\n"))
            return 1
        finally:
            self._streams.pop()

    def _compound(self, command: syntax.Compound, streams: Streams) -> int:
        first, *rest = command.scripts
        match command.keyword:
            case "for":
                return self._rounds(self._assigning(command), first, streams)
            case "while" | "until":
                holds = partial(self._holds, first, command.keyword == "until", streams)
                return self._rounds(iter(holds, False), rest[0], streams)
            case "if":
                while rest:
                    if self._script(first, streams) == 0:
                        return self._script(rest[0], streams)
                    first, *rest = rest[1:] or [Script()]
        return self._group(first, streams) if command.keyword == "(" else self._script(first, streams)

    def _group(self, body: Script, streams: Streams) -> int:
        with self._subshell():
            try:
                return self._script(body, streams)
            except LeaveError as leave:
                return leave.status

    def _assigning(self, loop: syntax.Compound) -> Iterator[bool]:
        for value in self._expander.arguments(loop.words):
            self.machine.assign(loop.name, value)
            yield True

    def _holds(self, condition: Script, until: bool, streams: Streams) -> bool:
        return (self._script(condition, streams) == 0) != until

    def _rounds(self, rounds: Iterator[bool], body: Script, streams: Streams) -> int:
        status = 0
        try:
            for _ in rounds:
                try:
                    status = self._script(body, streams)
                except LeaveError as leave:
                    if leave.kind != "continue":
                        raise
        except LeaveError as leave:
            if leave.kind != "break":
                raise
        return status

    @property
    def _expander(self) -> Expander:
        return Expander(self.machine, self._substitute)

    def _substitute(self, script: Script) -> str:
        output: list[str] = []
        self.machine.status = self._group(script, self._streams[-1]._replace(stdout=output.append))
        return "".join(output).rstrip("\n").replace("\0", "")

    def _simple(self, command: syntax.Simple, streams: Streams) -> int:
        arguments = self._arguments(command.words)
        if arguments:
            with self._assigned(command.assignments):
                return self.call(arguments, streams)
        for name, word in command.assignments:
            self.machine.assign(name, self._expander.text(word))
        parts = [part for _, word in command.assignments for part in word.parts]
        return self.machine.status if any(isinstance(part, syntax.Substitution) for part in parts) else 0

    def _arguments(self, words: Sequence[syntax.Word]) -> list[str]:
        """As bash does, keep what looks like an assignment in one piece after `export`."""
        if not words or words[0].bare != "export":
            return self._expander.arguments(words)
        fields = [
            [self._expander.text(word)] if "=" in word.source else self._expander.arguments([word]) for word in words
        ]
        return [text for texts in fields for text in texts]

    @contextmanager
    def _assigned(self, assignments: Sequence[tuple[str, syntax.Word]]) -> Iterator[None]:
        """Let the variables of `NAME=value command` be there for that command only."""
        env = self.machine.env
        before = {name: env.get(name) for name, _ in assignments}
        env.update({name: self._expander.text(word) for name, word in assignments})
        try:
            yield
        finally:
            for name, value in before.items():
                env.pop(name, None)
                env.update({name: value} if value is not None else {})

    def call(self, arguments: Sequence[str], streams: Streams) -> int:
        """Run one command that is expanded already; `arguments` begin with its name."""
        name, *rest = arguments
        machine = self.machine
        if name in ("exit", "break", "continue"):
            self._leave(name, rest, streams)
        if name == "exec" and not machine.IS_TERMINAL:
            raise LeaveError("exit", self.call(rest, streams) if rest else 0)
        tool = self.tools.get(machine.program(name))
        if tool is None:
            streams.stderr(machine.unknown(name, self.tools))
            return 127
        if not tool.builtin:
            machine.start(arguments)
        return self._run_tool(tool, rest, streams)

    def _run_tool(self, tool: Tool, arguments: list[str], streams: Streams) -> int:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise UnsupportedError("a command inside that many others")
        invocation = Invocation(tool.name, self, streams, f"{self.machine.shell}: " if tool.builtin else "")
        try:
            return tool.run(arguments, invocation)
        finally:
            self._depth -= 1
            self.edit = invocation.edit or self.edit

    def run_child(self, shell: str, text: str, parameters: Sequence[str], streams: Streams) -> int:
        """Run a script in a shell of its own, which inherits the exported variables alone."""
        child, cwd = copy.copy(self.machine), self.machine.files.cwd
        child.shell = shell
        child.env, child.variables, child.aliases, child.parameters = dict(child.env), {}, {}, parameters
        try:
            return Interpreter(child, self.tools, self._depth + _SCRIPT_DEPTH).interpret(text, streams)
        finally:
            self.machine.files.cwd = cwd

    def _leave(self, kind: str, arguments: Sequence[str], streams: Streams) -> None:
        status = self.machine.status
        if kind == "exit" and arguments:
            is_number = arguments[0].isascii() and arguments[0].isdigit()
            status = int(arguments[0][-9:]) & 0xFF if is_number else 2
            if not is_number:
                message = f"{self.machine.shell}: exit: {arguments[0]}: numeric argument required\n"
                streams.stderr(self.machine.phrase(message))
        raise LeaveError(kind, status)

    def _redirect(self, redirect: syntax.Redirect, streams: Streams) -> Streams:
        self.machine.budget.spend(_REDIRECT_COST)
        if isinstance(redirect.target, syntax.HereDocument):
            return streams._replace(stdin=Input(self._expander.text(redirect.target.body)))
        if redirect.operator == "<<<":
            return streams._replace(stdin=Input(self._expander.text(redirect.target) + "\n"))
        targets = self._expander.arguments([redirect.target])
        if len(targets) != 1:
            raise _RedirectError(f"{redirect.target.source}: ambiguous redirect")
        if redirect.operator == "<":
            return streams._replace(stdin=self._input(targets[0], streams))
        if redirect.operator == ">&" and targets[0] in ("1", "2"):
            return _output(streams, redirect.descriptor, streams.stdout if targets[0] == "1" else streams.stderr)
        sink = self._sink(targets[0], streams, append=redirect.operator.endswith(">>"))
        if redirect.operator.startswith("&"):
            return streams._replace(stdout=sink, stderr=sink)
        return _output(streams, redirect.descriptor, sink)

    def _input(self, path: str, streams: Streams) -> Input | None:
        if path in ("/dev/null", "/dev/stdin"):
            return Input("") if path == "/dev/null" else streams.stdin
        try:
            return Input(self.machine.files.read_text(path))
        except OSError as error:
            raise _RedirectError(self.machine.cannot_open(path, error, write=False)) from None

    def _sink(self, path: str, streams: Streams, *, append: bool) -> Sink:
        devices: dict[str, Sink] = {
            "/dev/null": _discard,
            "/dev/stdout": streams.stdout,
            "/dev/stderr": streams.stderr,
        }
        if path in devices:
            return devices[path]
        files = self.machine.files
        try:
            (files.append_text if append else files.write_text)(path, "")
        except OSError as error:
            raise _RedirectError(self.machine.cannot_open(path, error, write=True)) from None
        return partial(files.append_text, str(files.absolute(path)))


def _output(streams: Streams, descriptor: int, sink: Sink) -> Streams:
    return streams._replace(stdout=sink) if descriptor == 1 else streams._replace(stderr=sink)
