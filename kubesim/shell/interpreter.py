"""The interpreter: walks the tree of a command line and runs its commands, on strings instead of file descriptors."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from difflib import get_close_matches

from kubesim.api.result import Edit
from kubesim.shell.expand import Expander
from kubesim.shell.parser import parse
from kubesim.shell.state import Budget, Input, Invocation, Sink, State, TooMuchError
from kubesim.shell.syntax import (
    AndOr,
    Compound,
    For,
    Group,
    HereDocument,
    If,
    Pipeline,
    Redirect,
    Script,
    ShellSyntaxError,
    Simple,
    Substitution,
    UnsupportedError,
    While,
    Word,
)
from kubesim.shell.tools.tool import Tool

COMMAND_SECONDS = 0.1  # as in the recordings
_COMMAND_COST = Budget.LIMIT // 1000
_REDIRECT_COST = _COMMAND_COST // 4
_MAX_DEPTH = 60  # of substitutions that run substitutions, as `xargs` may


class _RedirectError(Exception):
    """A redirection that cannot be made; the message is bash's."""


class _LeaveError(Exception):
    """`exit`, `break` or `continue`, with how far it is heard and the exit status."""

    def __init__(self, kind: str, status: int = 0) -> None:
        super().__init__(kind)
        self.kind = kind
        self.status = status


@dataclass(frozen=True)
class Streams:
    """Where a command reads and writes; stdin is None at a terminal."""

    stdin: Input | None
    stdout: Sink
    stderr: Sink


def _discard(_: str) -> None:
    """Take what goes to /dev/null."""


class Interpreter:
    """Runs command lines on `state` with the commands of `tools`."""

    def __init__(self, state: State, tools: Mapping[str, Tool]) -> None:
        self.state = state
        self.edit: Edit | None = None
        self._tools = tools
        self._depth = 0
        self._streams: list[Streams] = []

    def run(self, text: str, streams: Streams) -> int:
        """Run `text` and return its exit status. Raises nothing: what goes wrong is told on stderr."""
        self.state.budget, self.edit = Budget(), None
        try:
            for script in parse(text, self.state.aliases, self.state.budget):
                self._script(script, streams)
        except ShellSyntaxError as error:
            streams.stderr(f"bash: {error}\n")
            self.state.status = 2
        except UnsupportedError as error:
            streams.stderr(f"kubesim: {error} is not part of this simulator\n")
            self.state.status = 2
        except TooMuchError:
            streams.stderr("kubesim: this line does more than one line may here, and was stopped\n")
            self.state.status = 1
        except _LeaveError as leave:
            self.state.status = leave.status
        return self.state.status

    def _script(self, script: Script, streams: Streams) -> int:
        status = 0
        for item in script.items:
            status = self._and_or(item, streams)
        return status

    def _and_or(self, item: AndOr, streams: Streams) -> int:
        status = self._pipeline(item.first, streams)
        for operator, pipeline in item.rest:
            if (operator == "&&") == (status == 0):
                status = self._pipeline(pipeline, streams)
        return status

    def _pipeline(self, pipeline: Pipeline, streams: Streams) -> int:
        *early, last = pipeline.commands
        self.state.first_alive = self.state.last.pid + 1
        if early:
            with self._subshell():
                status = self._stages(early, last, streams)
        else:
            status = self._command(last, streams)
        self.state.status = int(not status) if pipeline.negated else status
        if any(isinstance(command, Simple) for command in pipeline.commands):
            self.state.clock.advance(COMMAND_SECONDS)
        return self.state.status

    def _stages(self, early: Sequence[Simple | Compound], last: Simple | Compound, streams: Streams) -> int:
        stdin = streams.stdin
        for command in early:
            output: list[str] = []
            self._isolated(command, Streams(stdin, output.append, streams.stderr))
            stdin = Input("".join(output))
        return self._isolated(last, replace(streams, stdin=stdin))

    def _isolated(self, command: Simple | Compound, streams: Streams) -> int:
        try:
            return self._command(command, streams)
        except _LeaveError as leave:
            return leave.status

    @contextmanager
    def _subshell(self) -> Iterator[None]:
        """Undo afterwards what commands do to variables, aliases and the current folder."""
        kept, cwd = copy.copy(self.state), self.state.workspace.cwd
        state = self.state
        state.env, state.variables, state.aliases = dict(kept.env), dict(kept.variables), dict(kept.aliases)
        try:
            yield
        finally:
            state.env, state.variables, state.aliases = kept.env, kept.variables, kept.aliases
            state.workspace.cwd = cwd

    def _command(self, command: Simple | Compound, streams: Streams) -> int:
        self.state.budget.spend(_COMMAND_COST if isinstance(command, Simple) else 1)
        self._streams.append(streams)
        try:
            redirected = self._redirected(command.redirects, streams)
            return (
                self._simple(command, redirected)
                if isinstance(command, Simple)
                else self._compound(command, redirected)
            )
        except _RedirectError as error:
            streams.stderr(f"bash: {error}\n")
            return 1
        finally:
            self._streams.pop()

    def _compound(self, command: Compound, streams: Streams) -> int:
        match command.body:
            case For():
                return self._for(command.body, streams)
            case While():
                return self._while(command.body, streams)
            case If(branches, otherwise):
                for condition, body in branches:
                    if self._script(condition, streams) == 0:
                        return self._script(body, streams)
                return self._script(otherwise, streams)
            case Group(body, subshell):
                return self._group(body, streams) if subshell else self._script(body, streams)

    def _group(self, body: Script, streams: Streams) -> int:
        with self._subshell():
            try:
                return self._script(body, streams)
            except _LeaveError as leave:
                return leave.status

    def _for(self, loop: For, streams: Streams) -> int:
        def values() -> Iterator[bool]:
            for value in self._expander.arguments(loop.words):
                self.state.assign(loop.name, value)
                yield True

        return self._rounds(values(), loop.body, streams)

    def _while(self, loop: While, streams: Streams) -> int:
        def holds() -> bool:
            return (self._script(loop.condition, streams) == 0) != loop.until

        return self._rounds(iter(holds, False), loop.body, streams)

    def _rounds(self, rounds: Iterator[bool], body: Script, streams: Streams) -> int:
        status = 0
        try:
            for _ in rounds:
                try:
                    status = self._script(body, streams)
                except _LeaveError as leave:
                    if leave.kind != "continue":
                        raise
        except _LeaveError as leave:
            if leave.kind != "break":
                raise
        return status

    @property
    def _expander(self) -> Expander:
        return Expander(self.state, self._substitute)

    def _substitute(self, script: Script) -> str:
        output: list[str] = []
        with self._subshell():
            streams = replace(self._streams[-1], stdout=output.append)
            self.state.status = self._group(script, streams)
        return "".join(output).rstrip("\n").replace("\0", "")

    def _simple(self, command: Simple, streams: Streams) -> int:
        arguments = self._arguments(command.words)
        if arguments:
            with self._assigned(command.assignments):
                return self.call(arguments, streams)
        for name, word in command.assignments:
            self.state.assign(name, self._expander.text(word))
        parts = [part for _, word in command.assignments for part in word.parts]
        return self.state.status if any(isinstance(part, Substitution) for part in parts) else 0

    def _arguments(self, words: Sequence[Word]) -> list[str]:
        """As bash does, keep what looks like an assignment in one piece after `export`."""
        if not words or words[0].bare != "export":
            return self._expander.arguments(words)
        fields = [
            [self._expander.text(word)] if "=" in word.source else self._expander.arguments([word]) for word in words
        ]
        return [text for texts in fields for text in texts]

    @contextmanager
    def _assigned(self, assignments: Sequence[tuple[str, Word]]) -> Iterator[None]:
        """Let the variables of `NAME=value command` be there for that command only."""
        before = {name: self.state.env.get(name) for name, _ in assignments}
        self.state.env.update({name: self._expander.text(word) for name, word in assignments})
        try:
            yield
        finally:
            for name, value in before.items():
                self.state.env.pop(name, None)
                self.state.env.update({name: value} if value is not None else {})

    def call(self, arguments: Sequence[str], streams: Streams) -> int:
        """Run one command that is expanded already; `arguments` begin with its name."""
        name, *rest = arguments
        if name in ("exit", "break", "continue"):
            self._leave(name, rest)
        tool = self._tools.get(name)
        if tool is None:
            shown = " ".join(name[:80].split())
            near = get_close_matches(shown, self._tools, n=1, cutoff=0.8)
            advice = f"did you mean {near[0]}?" if near else "type help to see what is"
            streams.stderr(f"kubesim: '{shown}' is not part of this simulator; {advice}\n")
            return 127
        if not tool.builtin:
            self.state.start(arguments)
        return self._run_tool(tool, rest, streams)

    def _run_tool(self, tool: Tool, arguments: list[str], streams: Streams) -> int:
        def run(words: Sequence[str], stdin: str) -> int:
            self.state.budget.spend(_COMMAND_COST)
            return self.call(words, replace(streams, stdin=Input(stdin)))

        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise UnsupportedError("a command inside that many others")
        prefix = "bash: " if tool.builtin else ""
        invocation = Invocation(tool.name, self.state, streams.stdin, streams.stdout, streams.stderr, run, prefix)
        try:
            return tool.run(arguments, invocation)
        finally:
            self._depth -= 1
            self.edit = invocation.edit or self.edit

    def _leave(self, kind: str, arguments: Sequence[str]) -> None:
        status = self.state.status
        if kind == "exit" and arguments:
            status = int(arguments[0][-9:]) & 0xFF if arguments[0].isascii() and arguments[0].isdigit() else 2
        raise _LeaveError(kind, status)

    def _redirected(self, redirects: Sequence[Redirect], streams: Streams) -> Streams:
        for redirect in redirects:
            streams = self._redirect(redirect, streams)
        return streams

    def _redirect(self, redirect: Redirect, streams: Streams) -> Streams:
        self.state.budget.spend(_REDIRECT_COST)
        if isinstance(redirect.target, HereDocument):
            return replace(streams, stdin=Input(self._expander.text(redirect.target.body)))
        if redirect.operator == "<<<":
            return replace(streams, stdin=Input(self._expander.text(redirect.target) + "\n"))
        targets = self._expander.arguments([redirect.target])
        if len(targets) != 1:
            raise _RedirectError(f"{redirect.target.source}: ambiguous redirect")
        if redirect.operator == "<":
            return replace(streams, stdin=self._input(targets[0], streams))
        if redirect.operator == ">&" and targets[0] in ("1", "2"):
            return _output(streams, redirect.descriptor, streams.stdout if targets[0] == "1" else streams.stderr)
        sink = self._sink(targets[0], streams, append=redirect.operator.endswith(">>"))
        if redirect.operator.startswith("&"):
            return replace(streams, stdout=sink, stderr=sink)
        return _output(streams, redirect.descriptor, sink)

    def _input(self, path: str, streams: Streams) -> Input | None:
        if path in ("/dev/null", "/dev/stdin"):
            return Input("") if path == "/dev/null" else streams.stdin
        try:
            return Input(self.state.workspace.read_text(path))
        except OSError as error:
            raise _RedirectError(f"{path}: {error.strerror}") from None

    def _sink(self, path: str, streams: Streams, *, append: bool) -> Callable[[str], object]:
        devices = {"/dev/null": _discard, "/dev/stdout": streams.stdout, "/dev/stderr": streams.stderr}
        if path in devices:
            return devices[path]
        workspace = self.state.workspace
        place = str(workspace.absolute(path))
        try:
            if append:
                workspace.append_text(path, "")
            else:
                workspace.write_text(path, "")
        except OSError as error:
            raise _RedirectError(f"{path}: {error.strerror}") from None
        return lambda text: workspace.append_text(place, text)


def _output(streams: Streams, descriptor: int, sink: Sink) -> Streams:
    return replace(streams, stdout=sink) if descriptor == 1 else replace(streams, stderr=sink)
