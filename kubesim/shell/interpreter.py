"""The interpreter: runs the commands of a script's tree. Streams are strings and functions, not file descriptors."""

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

# The device of `>&1` and of `>&2`.
_STREAMS = {"1": "/dev/stdout", "2": "/dev/stderr"}


class Interpreter:
    """Runs scripts on a machine with the commands of `tools`."""

    def __init__(self, machine: Machine, tools: Mapping[str, Tool]) -> None:
        self.machine = machine
        self.tools = tools

    def interpret(self, text: str, streams: Streams) -> int:
        """Run a script and return its exit status.

        Raises LeaveError for `exit`, UnsupportedError and TooMuchError.
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
        """Run a script in a child shell, which inherits only the exported variables.

        A key such as `my-key` isn't the name of a variable: sh drops it, bash hands it on to its commands.
        """

        def run() -> int:
            env = self.machine.shell.env
            if shell == "sh":
                env = {name: value for name, value in env.items() if name.isidentifier()}
            self.machine.shell = ShellState(shell, env, parameters)
            self.machine.shell.runs_script = True
            return self.interpret(text, streams)

        return self._subshell(run)

    def _complain(self, error: ShellError, streams: Streams) -> int:
        """Write bash's message for an error that ends a line, and return the exit status."""
        streams.stderr(self.machine.in_dialect(f"{error.speaker or self.machine.shell.name}: {error}\n"))
        return error.status

    def _script(self, script: Script, streams: Streams) -> int:
        """Run pipelines in order, skipping those that `&&` and `||` rule out. Returns the last status."""
        status = 0
        for pipeline in script:
            has_failed = status != 0
            if (pipeline.operator == "&&" and has_failed) or (pipeline.operator == "||" and not has_failed):
                continue
            status = self._pipeline(pipeline, streams)
        return status

    def _pipeline(self, pipeline: syntax.Pipeline, streams: Streams) -> int:
        """Run a pipeline, set $? and $PIPESTATUS, and let the time of a command pass."""
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
        """Run the commands of a pipe one after the other. Each but the first reads the whole output before it."""
        statuses = []
        for command in early:
            output: list[str] = []
            statuses.append(self._subshell(partial(self._command, command, streams._replace(stdout=output.append))))
            streams = streams._replace(stdin=Input("".join(output)))
        status = self._subshell(partial(self._command, last, streams))
        self.machine.pipe_statuses = (*statuses, status)
        return status

    def _subshell(self, run: Callable[[], int]) -> int:
        """Call `run` in a copy of the shell, so that variables, the current folder and `exit` stay inside."""
        with self.machine.subshell():
            try:
                return run()
            except LeaveError as leave:
                return leave.status

    def _command(self, command: Command, streams: Streams) -> int:
        """Open the redirections of a command, and run it."""
        self.machine.budget.spend(1 if isinstance(command, syntax.Compound) else COMMAND_COST)
        redirected = streams
        try:
            for redirect in command.redirects:
                redirected = self._redirect(redirect, redirected)
        except ShellError as error:
            return self._complain(error, streams)
        match command:
            case syntax.Simple():
                return self._simple(command, redirected)
            case syntax.Compound():
                return self._compound(command, redirected)
            case syntax.Job():
                return self._plan_job(command, redirected)

    def _compound(self, command: syntax.Compound, streams: Streams) -> int:
        """Run a loop, an `if`, or the script between braces or parentheses, and return its exit status."""
        match command.keyword:
            case "for" | "while" | "until":
                return self._loop(command, streams)
            case "if":
                return self._if(command.scripts, streams)
            case "(":
                return self._subshell(partial(self._in_parentheses, command.scripts[0], streams))
        return self._script(command.scripts[0], streams)

    def _plan_job(self, job: syntax.Job, streams: Streams) -> int:
        """Plan the script of a job for the end of its sleep, and return 0. The line goes on meanwhile."""
        machine = self.machine
        if not machine.IS_TERMINAL:
            raise UnsupportedError("'&'")
        shell = machine.shell.copy()
        cwd = machine.files.cwd

        def run() -> None:
            with machine.subshell():
                machine.shell = shell
                machine.files.cwd = cwd
                statuses = machine.status, machine.pipe_statuses
                self._subshell(partial(self._run_job, job.script, streams._replace(stdin=Input(""))))
                machine.status, machine.pipe_statuses = statuses

        machine.clock.plan(job.seconds, run)
        return 0

    def _run_job(self, script: Script, streams: Streams) -> int:
        """Run the script of a job. An error ends the job, not the line that goes on beside it."""
        try:
            return self._in_parentheses(script, streams)
        except ShellError as error:
            return self._complain(error, streams)

    def _in_parentheses(self, script: Script, streams: Streams) -> int:
        """Run the script of `( … )`. The caller has made the subshell."""
        shell = self.machine.shell
        if shell.name == "bash":
            shell.loops = 0  # only here: in a stage of a pipe, bash lets `break` end the subshell without a message
        return self._script(script, streams)

    def _if(self, scripts: Sequence[Script], streams: Streams) -> int:
        """Run an `if`. `scripts` holds pairs of a condition and its branch, then the `else` branch if there is one."""
        while len(scripts) > 1:
            condition, then, *scripts = scripts
            if self._script(condition, streams) == 0:
                return self._script(then, streams)
        return self._script(scripts[0], streams) if scripts else 0

    def _loop(self, loop: syntax.Compound, streams: Streams) -> int:
        """Run a loop and return the status of its last whole round, 0 without one."""
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
        """Yield once per round, after the loop's variable is set or its condition has been checked."""
        if loop.keyword == "for":
            for value in self._expander(streams).arguments(loop.words):
                self.machine.assign(loop.name, value)
                yield
            return
        goes_on_after_success = loop.keyword == "while"
        while (self._script(loop.scripts[0], streams) == 0) == goes_on_after_success:
            yield

    def _expander(self, streams: Streams) -> Expander:
        return Expander(self.machine, partial(self._substitute, streams))

    def _substitute(self, streams: Streams, script: Script) -> str:
        """The output of `$(script)`, without its last newlines."""
        output: list[str] = []
        self.machine.status = self._subshell(partial(self._script, script, streams._replace(stdout=output.append)))
        return "".join(output).rstrip("\n").replace("\0", "")

    def _simple(self, command: syntax.Simple, streams: Streams) -> int:
        """Expand a command's words and run it. `NAME=value` before it is exported to this command alone."""
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
        """Run a command of assignments alone. Its status is that of the last `$(…)` in the values, else 0."""
        for name, word in command.assignments:
            self.machine.assign(name, expander.text(word))
        parts = [part for _, word in command.assignments for part in word.parts]
        runs_script = any(isinstance(part, syntax.Substitution) for part in parts)
        return self.machine.status if runs_script else 0

    def call(self, arguments: Sequence[str], streams: Streams) -> int:
        """Run one command whose words are expanded. The first of `arguments` is its name."""
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
        """The streams with one of them redirected. Raises ShellError."""
        self.machine.budget.spend(COMMAND_COST // 4)
        if redirect.operator.startswith("<"):
            return streams._replace(stdin=self._input(redirect, streams))
        sink, path = self._sink(redirect, streams)
        if path and redirect.operator != ">>" and streams.stdin and streams.stdin.path == path:
            streams = streams._replace(stdin=Input("", path))  # the shell empties the file before the command reads it
        is_of_both = redirect.operator == ">&" and path and redirect.descriptor == 1
        if redirect.operator == "&>" or is_of_both:
            return streams._replace(stdout=sink, stderr=sink)
        if redirect.descriptor == 1:
            return streams._replace(stdout=sink)
        return streams._replace(stderr=sink)

    def _input(self, redirect: syntax.Redirect, streams: Streams) -> Input | None:
        """The input of `<<`, `<<<` or `<`."""
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
        """Open the output of `>`, `>>`, `&>` or `>&`. Returns it with its absolute path, which is "" for a stream."""
        path = _one_path(redirect, self._expander(streams))
        if redirect.operator == ">&":
            if path == "-":
                raise UnsupportedError("'>&-'")
            if path.isdecimal() and path not in _STREAMS:
                raise ShellError(f"> {path}: Bad file descriptor")
            path = _STREAMS.get(path, path)
        devices: dict[str, Sink] = {
            "/dev/null": len,  # any function of a text will do; `len` ignores it
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
    """The path of a redirection. Raises ShellError unless its word expands to one field."""
    paths = expander.arguments([redirect.target])
    if len(paths) != 1:
        raise ShellError(f"{redirect.target.source}: ambiguous redirect")
    return paths[0]
