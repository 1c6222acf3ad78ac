"""A session under observation: every input is timed, and the cluster checked after it."""

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

# A cluster that has been worked with: something of every kind, in every state.
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

LIMIT = 2.0  # seconds of processor time that one input may take
_GIVE_UP = 20  # the same, after which an input is stopped, to see where it hangs

# Commands that only read; `--dry-run` makes others so.
_READING = frozenset(
    {
        *("get", "describe", "logs", "events", "explain", "diff", "wait", "api-resources", "version"),
        *("cluster-info", "auth can-i", "auth whoami", "rollout status", "rollout history", "config view"),
        *("config get-contexts", "config current-context"),
    }
)
inputs = 0


class Hang(Exception):
    """An input went on and on."""


@contextmanager
def _bounded(what: str) -> Iterator[None]:
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
    """The watch of a cluster in which these lines were run, which each probe copies."""
    session = Session()
    session.run(world)
    watch = Watch(session.cluster)
    watch.check()
    return watch


class Probe:
    """A session in a cluster that has been worked with."""

    def __init__(self, world: str = WORLD) -> None:
        self.session = Session()
        self.watch = _worked_with(world).copy()
        self.session.resume(self.watch.cluster)
        self.watch.start()

    def run(self, line: str) -> Result:
        """Run a line and check everything that must hold after it."""
        global inputs
        inputs += 1
        self.watch.start()
        began = self.session.cluster.clock.now
        with _bounded(line):
            result = self.session.run(line)
        self._check_result(line, result)
        self.watch.check()
        self._check_effect(line, result, began)
        return result

    def write(self, name: str, text: str) -> None:
        """Put a file into the workspace."""
        self.session.write_file(name, text)

    def settle(self, seconds: float = 40) -> None:
        """Let time pass, in which every controller must come to rest with what it was given."""
        with _bounded(f"{seconds} simulated seconds"):
            self.session.advance(seconds)
        self.watch.check()
        assert not orphans(self.session.cluster)

    def _check_result(self, line: str, result: Result) -> None:
        assert isinstance(result, Result)
        for text in (result.stdout, result.stderr, result.screen):
            text.encode("utf-8")
            assert "Traceback" not in text, text
        assert 0 <= result.exit_code <= 255
        if result.exit_code and line.startswith("kubectl") and single_command(line):
            assert result.screen, f"{line!r} fails silently"

    def _check_effect(self, line: str, result: Result, began: int) -> None:
        """A refused command changes nothing but what it says; one that reads changes nothing at all.

        What comes when time passes is the cluster's own doing.
        """
        if not single_command(line):
            return
        changed = [change for at, change in self.watch.changes if at == began and change.resource is not EVENT]
        if only_reads(line):
            assert not changed, f"{line!r} changed {changed[0].obj}"
        if result.exit_code:
            is_unsaid = "error executing" not in result.stderr  # the template of -o, once everything was done
            unsaid = [change for change in changed if is_unsaid and name_of(change.obj) not in result.stdout]
            assert not unsaid, f"{line!r} was refused and changed {unsaid[0].type} {unsaid[0].obj}"


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError:
        return []


def single_command(line: str) -> bool:
    """Whether a line is one command of kubectl, of usual length, and nothing else."""
    if len(line) > 2000:
        return False
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    try:
        words = list(lexer)
    except ValueError:
        return False
    return words[:1] == ["kubectl"] and "\n" not in line and not any(set(word) <= set("();<>|&") for word in words)


def only_reads(line: str) -> bool:
    """Whether a single command leaves the cluster alone, even where it succeeds."""
    try:
        command, rest = find_command(_words(line)[1:])
        if not command.path or " ".join(command.path) in _READING:
            return True
        flags = command.flag_set.parse(rest).values
    except (FlagError, NotSimulated):
        return True
    return bool(flags["help"]) or flags.get("dry-run") in ("client", "server")
