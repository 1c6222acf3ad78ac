"""The interpreter: walks the tree of a script and runs its commands, on strings instead of file descriptors."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial

from kubesim.shell import syntax
from kubesim.shell.expand import Expander
from kubesim.shell.machine import Input, Machine, ShellState, Sink, Streams
from kubesim.shell.parser import parse
from kubesim.shell.syntax import Command, ProtectedTargetError, Script, ShellError, UnsupportedError
from kubesim.shell.tools import COMMAND_COST, BreakError, ContinueError, Invocation, LeaveError, Tool
from kubesim.workspace import ProtectedError

_ARGUMENT_COST = 4  # steps for a character of a program's arguments; Linux takes 131,071 of one argument

_STREAMS = {"1": "/dev/stdout", "2": "/dev/stderr"}
"""What `>&1` and `>&2` write to."""


class Interpreter:
    """Runs scripts on a machine with the commands of `tools`."""

    def __init__(self, machine: Machine, tools: Mapping[str, Tool]) -> None:
        self.machine = machine
        self.tools = tools

    def interpret(self, text: str, streams: Streams) -> int:
        """Run a script, or what a trap does, to its exit status.

        Raises LeaveError where `exit` ends the shell, UnsupportedError and TooMuchError.
        """
        machine = self.machine
        machine.budget.spend(len(text))
        try:
            for script in parse(text, machine.shell.aliases, machine.budget):
                self._script(script, streams)
        except ShellError as error:
            machine.status = self._complain(error, streams)
        return machine.status

    def _child(self, shell: str, text: str, parameters: Sequence[str], streams: Streams) -> int:
        """Run a script in a shell of its own, which inherits the exported variables alone."""

        def run() -> int:
            self.machine.shell = ShellState(shell, self.machine.shell.env, parameters)
            self.machine.shell.runs_script = True
            return self.interpret(text, streams)

        return self._subshell(run)

    def _complain(self, error: ShellError, streams: Streams) -> int:
        streams.stderr(self.machine.in_dialect(f"{error.speaker or self.machine.shell.name}: {error}\n"))
        return error.status

    def _script(self, script: Script, streams: Streams) -> int:
        status = 0
        for pipeline in script:
            has_failed = status != 0
            if (pipeline.operator == "&&" and has_failed) or (pipeline.operator == "||" and not has_failed):
                continue
            status = self._pipeline(pipeline, streams)
        return status

    def _pipeline(self, pipeline: syntax.Pipeline, streams: Streams) -> int:
        *early, last = pipeline.commands
        machine = self.machine
        machine.shell.pipeline_pid = machine.next_pid
        status = self._stages(early, last, streams) if early else self._command(last, streams)
        if not early:
            machine.pipe_statuses = (status,)
        if pipeline.negated:
            status = 0 if status else 1
        machine.status = status
        if machine.COMMAND_SECONDS and any(isinstance(command, syntax.Simple) for command in pipeline.commands):
            machine.clock.advance(machine.COMMAND_SECONDS, machine.budget)
        return machine.status

    def _stages(self, early: Sequence[Command], last: Command, streams: Streams) -> int:
        statuses = []
        for command in early:
            output: list[str] = []
            statuses.append(self._subshell(partial(self._command, command, streams._replace(stdout=output.append))))
            streams = streams._replace(stdin=Input("".join(output)))
        status = self._subshell(partial(self._command, last, streams))
        self.machine.pipe_statuses = (*statuses, status)
        return status

    def _subshell(self, run: Callable[[], int]) -> int:
        """Run what keeps to itself what it does to the shell and the current folder, even `exit`."""
        with self.machine.subshell():
            try:
                return run()
            except LeaveError as leave:
                return leave.status

    def _command(self, command: Command, streams: Streams) -> int:
        self.machine.budget.spend(COMMAND_COST if isinstance(command, syntax.Simple) else 1)
        redirected = streams
        try:
            for redirect in command.redirects:
                redirected = self._redirect(redirect, redirected)
        except ShellError as error:
            return self._complain(error, streams)
        if isinstance(command, syntax.Simple):
            return self._simple(command, redirected)
        return self._compound(command, redirected)

    def _compound(self, command: syntax.Compound, streams: Streams) -> int:
        match command.keyword:
            case "for" | "while" | "until":
                return self._loop(command, streams)
            case "if":
                return self._if(command.scripts, streams)
            case "(":
                return self._subshell(partial(self._in_parentheses, command.scripts[0], streams))
        return self._script(command.scripts[0], streams)

    def _in_parentheses(self, script: Script, streams: Streams) -> int:
        shell = self.machine.shell
        if shell.name == "bash":
            shell.loops = 0  # elsewhere, as in what a pipe joins, `break` ends the subshell in silence
        return self._script(script, streams)

    def _if(self, scripts: Sequence[Script], streams: Streams) -> int:
        """`scripts` are conditions, each with what follows it, and at the end what follows `else`."""
        while len(scripts) > 1:
            condition, then, *scripts = scripts
            if self._script(condition, streams) == 0:
                return self._script(then, streams)
        return self._script(scripts[0], streams) if scripts else 0

    def _loop(self, loop: syntax.Compound, streams: Streams) -> int:
        status = 0
        self.machine.shell.loops += 1
        try:
            with suppress(BreakError):
                for _ in self._rounds(loop, streams):
                    with suppress(ContinueError):
                        status = self._script(loop.scripts[-1], streams)
        finally:
            self.machine.shell.loops -= 1
        return status

    def _rounds(self, loop: syntax.Compound, streams: Streams) -> Iterator[None]:
        """Each round of a loop, once its variable is set or its condition is checked."""
        if loop.keyword == "for":
            for value in self._expander(streams).arguments(loop.words):
                self.machine.assign(loop.name, value)
                yield
            return
        goes_on_after_success = loop.keyword == "while"
        while (self._script(loop.scripts[0], streams) == 0) is goes_on_after_success:
            yield

    def _expander(self, streams: Streams) -> Expander:
        return Expander(self.machine, partial(self._substitute, streams))

    def _substitute(self, streams: Streams, script: Script) -> str:
        output: list[str] = []
        self.machine.status = self._subshell(partial(self._script, script, streams._replace(stdout=output.append)))
        return "".join(output).rstrip("\n").replace("\0", "")

    def _simple(self, command: syntax.Simple, streams: Streams) -> int:
        expander = self._expander(streams)
        arguments = expander.arguments(command.words)
        if not arguments:
            return self._assign(command, expander)
        values = {name: expander.text(word) for name, word in command.assignments}
        env = self.machine.shell.env
        before = env.copy()
        env.update(values)
        try:
            return self.call(arguments, streams)
        finally:
            for name in values:
                env.pop(name, None)
                if name in before:
                    env[name] = before[name]

    def _assign(self, command: syntax.Simple, expander: Expander) -> int:
        """Set the variables of a command that is nothing else; its status is that of a `$(…)` in their values."""
        for name, word in command.assignments:
            self.machine.assign(name, expander.text(word))
        parts = [part for _, word in command.assignments for part in word.parts]
        runs_script = any(isinstance(part, syntax.Substitution) for part in parts)
        return self.machine.status if runs_script else 0

    def call(self, arguments: Sequence[str], streams: Streams) -> int:
        """Run one command that is expanded already; `arguments` begin with its name."""
        name, *rest = arguments
        machine = self.machine
        if name == "exec" and not machine.IS_TERMINAL:
            raise LeaveError(self.call(rest, streams) if rest else 0)
        tool = self.tools.get(machine.program(name))
        if tool is None:
            streams.stderr(machine.unknown(name, self.tools))
            return 127
        if not tool.builtin:
            machine.budget.spend(_ARGUMENT_COST * sum(map(len, rest)))
            machine.start(arguments)
        with machine.budget.level():
            return tool.run(rest, Invocation(tool, machine, self.tools, streams, self.call, self._child))

    def _redirect(self, redirect: syntax.Redirect, streams: Streams) -> Streams:
        self.machine.budget.spend(COMMAND_COST // 4)
        if redirect.operator.startswith("<"):
            return streams._replace(stdin=self._input(redirect, streams))
        sink, path = self._sink(redirect, streams)
        if path and redirect.operator != ">>" and streams.stdin and streams.stdin.path == path:
            streams = streams._replace(stdin=Input("", path))  # it is emptied before it's read
        is_of_both = redirect.operator == ">&" and path and redirect.descriptor == 1
        if redirect.operator == "&>" or is_of_both:
            return streams._replace(stdout=sink, stderr=sink)
        if redirect.descriptor == 1:
            return streams._replace(stdout=sink)
        return streams._replace(stderr=sink)

    def _input(self, redirect: syntax.Redirect, streams: Streams) -> Input | None:
        """What is behind `<<`, `<<<` or `<`."""
        expander = self._expander(streams)
        if redirect.document:
            return Input(expander.text(redirect.document.body))
        if redirect.operator == "<<<":
            return Input(expander.text(redirect.target) + "\n")
        path = _one_path(redirect, expander)
        if path == "/dev/stdin":
            return streams.stdin
        try:
            self.machine.budget.spend(self.machine.files.size(path))
            return Input(self.machine.files.read_text(path), str(self.machine.files.absolute(path)))
        except OSError as error:
            raise ShellError(f"< {path}: {error.strerror}") from None

    def _sink(self, redirect: syntax.Redirect, streams: Streams) -> tuple[Sink, str]:
        """What is behind `>`, `>>`, `&>` or `>&`: a file, which is emptied or created, and its path; or a stream."""
        path = _one_path(redirect, self._expander(streams))
        if redirect.operator == ">&":
            if path == "-":
                raise UnsupportedError("'>&-'")
            if path.isdecimal() and path not in _STREAMS:
                raise ShellError(f"> {path}: Bad file descriptor")
            path = _STREAMS.get(path, path)
        devices: dict[str, Sink] = {
            "/dev/null": len,  # a function that keeps nothing of a text
            "/dev/stdout": streams.stdout,
            "/dev/stderr": streams.stderr,
        }
        if path in devices:
            return devices[path], ""
        files = self.machine.files
        write = files.append_text if redirect.operator == ">>" else files.write_text
        try:
            write(path, "")
        except ProtectedError as error:
            raise ProtectedTargetError(f"{path}: {error.strerror}") from None
        except OSError as error:
            raise ShellError(f"> {path}: {error.strerror}") from None
        absolute = str(files.absolute(path))
        return partial(files.append_text, absolute), absolute


def _one_path(redirect: syntax.Redirect, expander: Expander) -> str:
    paths = expander.arguments([redirect.target])
    if len(paths) != 1:
        raise ShellError(f"{redirect.target.source}: ambiguous redirect")
    return paths[0]
