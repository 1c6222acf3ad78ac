"""A session under observation: after each input, time and result are checked, and the cluster's invariants."""

from __future__ import annotations

import shlex
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from types import FrameType

from kubesim import Session
from kubesim.api.objects import name_of
from kubesim.api.resources import EVENT
from kubesim.api.result import Result
from kubesim.gotext.pflag import FlagError
from kubesim.kubectl import find_command
from kubesim.kubectl.errors import NotSimulated
from tests.patience import within

from .invariants import Watch, orphans

# Lines that fill a cluster with objects of many kinds, in many states.
WORLD = """\
kubectl create namespace team
kubectl create secret docker-registry good --docker-server=registry.example.com --docker-username=myuser \
--docker-password=mypassword
kubectl create secret generic plain --from-literal=a=b
kubectl create configmap settings --from-literal=color=blue
kubectl create serviceaccount builder
kubectl create role reader --verb=get,list --resource=secrets,pods --resource-name=good
kubectl create rolebinding readers --role=reader --user=jane --serviceaccount=default:builder
kubectl run web --image=nginx --labels=app=web
kubectl run denied --image=registry.example.com/myapp:1.0
kubectl run done --image=busybox --restart=Never -- sh -c 'echo out; exit 3'
kubectl run crash --image=busybox -- sh -c 'exit 1'
kubectl create deployment shop --image=nginx --replicas=2
sleep 20
kubectl set image deployment/shop nginx=nginx:1.27
sleep 5
"""

# Seconds of a quiet machine's processor time that one input may take.
LIMIT = 2.0
# Seconds of processor time after which an input is stopped, so that its traceback shows where it hangs.
_GIVE_UP = 20

# Commands that only read. Others do so with `--dry-run`.
_READING = frozenset(
    {
        *("get", "describe", "logs", "events", "explain", "diff", "wait", "api-resources", "version"),
        *("cluster-info", "auth can-i", "auth whoami", "rollout status", "rollout history", "config view"),
        *("config get-contexts", "config current-context"),
    }
)
# The inputs of all probes so far, for the summary of the test run (conftest.py).
inputs = 0


class Hang(Exception):
    """An input computed for longer than _GIVE_UP."""


@contextmanager
def _bounded(what: str) -> Iterator[None]:
    """A context that fails after LIMIT and raises Hang after _GIVE_UP. `what` is the input, for the message."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise Hang(what[:300])

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, _GIVE_UP)
    try:
        with within(LIMIT, f"for {what[:300]!r}"):
            yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


@cache
def _worked_with(world: str) -> Watch:
    """The watch of a cluster in which the lines of `world` were run. Probes work on copies of it."""
    session = Session()
    session.run(world)
    watch = Watch(session.cluster)
    watch.check()
    return watch


class Probe:
    """A session in a cluster in which the lines of `world` were run."""

    def __init__(self, world: str = WORLD) -> None:
        self.session = Session()
        self.watch = _worked_with(world).copy()
        self.session.resume(self.watch.cluster)
        self.watch.forget_changes()

    def run(self, line: str) -> Result:
        """Run a line, and assert its time, its result, its effect and the cluster's invariants."""
        global inputs
        inputs += 1
        self.watch.forget_changes()
        began = self.session.cluster.clock.now
        with _bounded(line):
            result = self.session.run(line)
        self._check_result(line, result)
        self.watch.check()
        self._check_effect(line, result, began)
        return result

    def write(self, name: str, text: str) -> None:
        """Write a file of the workspace."""
        self.session.write_file(name, text)

    def settle(self, seconds: float = 40) -> None:
        """Advance the simulated clock, and assert the invariants and that the garbage collector left no orphans."""
        with _bounded(f"{seconds} simulated seconds"):
            self.session.advance(seconds)
        self.watch.check()
        assert not orphans(self.session.cluster)

    def _check_result(self, line: str, result: Result) -> None:
        """Assert that the output is text without a traceback, and that a failed kubectl prints something."""
        assert isinstance(result, Result)
        for text in (result.stdout, result.stderr, result.screen):
            text.encode("utf-8")
            assert "Traceback" not in text, text
        assert 0 <= result.exit_code <= 255
        if result.exit_code and line.startswith("kubectl") and single_command(line):
            assert result.screen, f"{line!r} fails silently"

    def _check_effect(self, line: str, result: Result, began: int) -> None:
        """Assert that a failed command changed only objects that it names on stdout, and one that reads changed none.

        Only changes at the time when the command began are its own; later ones are the controllers'.
        """
        if not single_command(line):
            return
        changed = [change for at, change in self.watch.changes if at == began and change.resource is not EVENT]
        if only_reads(line):
            assert not changed, f"{line!r} changed {changed[0].obj}"
        if result.exit_code:
            # A template of -o that fails to print comes after a write that succeeded.
            is_output = "error executing" in result.stderr
            unsaid = [change for change in changed if not is_output and name_of(change.obj) not in result.stdout]
            assert not unsaid, f"{line!r} was refused and changed {unsaid[0].type} {unsaid[0].obj}"


def _words(line: str) -> list[str]:
    """The words of a line; none if its quotes are unbalanced."""
    try:
        return shlex.split(line)
    except ValueError:
        return []


def single_command(line: str) -> bool:
    """True if a line is one kubectl command and nothing else."""
    if len(line) > 2000:  # splitting them would take too long
        return False
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    try:
        words = list(lexer)
    except ValueError:
        return False
    return words[:1] == ["kubectl"] and "\n" not in line and not any(set(word) <= set("();<>|&") for word in words)


def only_reads(line: str) -> bool:
    """True if a single command doesn't change the cluster even when it succeeds."""
    try:
        command, rest = find_command(_words(line)[1:])
        if not command.path or " ".join(command.path) in _READING:
            return True
        flags = command.flag_set.parse(rest).values
    except (FlagError, NotSimulated):
        return True
    return bool(flags["help"]) or flags.get("dry-run") in ("client", "server")
