"""A session: one learner's cluster, shell and folder for files."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kubesim import kubectl
from kubesim.api.budget import UNPAID, Budget
from kubesim.api.result import Result
from kubesim.cluster import BOOT, Cluster
from kubesim.cluster.apiserver.authorization import ADMIN
from kubesim.session.programs import container_tools, kubesim_why, new_context, registry_tools, why_tool
from kubesim.session.usage import FILE_USAGE
from kubesim.shell import Invocation, Shell, Tool
from kubesim.workspace import Workspace

if TYPE_CHECKING:
    from kubesim.server.https import Server


class Session:
    """A cluster with a shell that works on it.

    `workspace` is the folder for the learner's files, by default a temporary one that is removed with the session. With
    the same `seed` and `boot` (the time at which the cluster was booted), the same commands give the same output.
    `registries` is a YAML file of registries that replaces kubesim's own or adds to them, and `node` has settings of
    the node itself; see `Cluster`. Raises ValueError and OSError if that file is wrong or can't be read.
    """

    def __init__(
        self,
        workspace: Path | None = None,
        seed: int = 0,
        boot: datetime = BOOT,
        *,
        registries: str | Path | None = None,
        node: Mapping[str, Any] | None = None,
    ) -> None:
        self.workspace = Workspace(workspace)
        self.cluster = Cluster(seed, boot, registries, node)
        self.cluster.offer(container_tools)
        self.config = kubectl.Kubeconfig()
        self.server: Server | None = None
        # The namespaces of Pods that `why` explained, in order; "" for an export. A challenge charges points for them.
        self.explained: list[str] = []
        self._why = why_tool(
            lambda: self.cluster, lambda: self.config.namespace_of(self.config.current), self.explained.append
        )
        self.shell = Shell(self.cluster.clock, self.workspace, self._programs())
        self.shell.aliases["k"] = "kubectl"  # as in the CKA exams

    def _programs(self) -> list[Tool]:
        """The programs of the terminal. They look the cluster up at each run, because `resume` replaces it."""
        usage = "kubectl COMMAND [options]"
        client = Tool("kubectl", self._run_kubectl, usage, "kubectl get pods", complete=self._complete_kubectl)
        why = self._why._replace(complete=self._complete_pods)
        why_of_a_file = Tool("kubesim", self._run_kubesim, FILE_USAGE, "kubesim why -f case.yaml")
        return [client, why, why_of_a_file, *registry_tools(lambda: self.cluster)]

    def _run_kubectl(self, arguments: list[str], io: Invocation) -> int:
        if arguments[:1] == ["why"]:  # `kubectl why`, the plugin that kubesim provides for a real kubectl
            return self._why.run(arguments[1:], io)

        def run_editor(editor: str, path: str) -> int:
            # kubectl, too, starts an editor with quotes in its command by a shell
            needs_shell = any(char in editor for char in "\"'\\")
            return io.run(["bash", "-c", f'{editor} "{path}"'] if needs_shell else [*editor.split(" "), path], "")

        context = new_context(self.cluster, ADMIN, io, self.config, self.cluster.clock)
        return io.show(kubectl.run(arguments, context._replace(run_editor=run_editor)))

    def _run_kubesim(self, arguments: list[str], io: Invocation) -> int:
        if arguments[:1] == ["practice"]:
            io.err("kubesim: kubesim practice runs in your own terminal; in the playground, %playground CAUSE\n")
            return 1
        if arguments[:1] != ["why"]:
            io.err(f"Usage: {FILE_USAGE}\n")
            return 2
        self.explained.append("")
        return kubesim_why.run(arguments[1:], io)

    def _complete_kubectl(self, words: list[str]) -> list[str]:
        from kubesim.kubectl.completion import complete  # late: only Tab needs it

        if words[:1] == ["why"]:
            words = ["get", "pod", *words[1:]]
        client = self.cluster.apiserver.as_user(ADMIN)
        return complete(words, kubectl.Context(client, self.cluster.clock, self.workspace, self.config, Budget()))

    def _complete_pods(self, words: list[str]) -> list[str]:
        return self._complete_kubectl(["get", "pod", *words])

    def run(self, line: str) -> Result:
        """Run one or several shell lines. Simulated time moves by a tenth of a second for each command."""
        with self.cluster.lock:
            return self.shell.run(line)

    def write_file(self, name: str, text: str) -> None:
        """Write a file of the workspace and create its folders. Raises OSError for a path outside the workspace."""
        self.workspace.put(name, text)

    def advance(self, seconds: float, budget: Budget = UNPAID) -> None:
        """Let simulated time pass, paid from `budget`. Raises TooMuchError at the moment at which the budget ends."""
        with self.cluster.lock:
            self.cluster.advance(seconds, budget)

    def serve(self, kubeconfig: Path | None = None, **options: Any) -> Server:
        """Serve the cluster's API over HTTPS on loopback for a real kubectl; see `Server` for the `options`.

        The server writes its URL and token to `kubeconfig`, by default in a hidden folder of the workspace. Another
        call returns the same server, unless it is closed. Raises OSError if the address or the file can't be used.
        """
        from kubesim.server.https import Server  # late: Python in a browser has no sockets and no ssl

        if self.server is None or self.server.is_closed:
            if kubeconfig is None:
                kubeconfig = self.workspace.root / ".kubesim" / "kubeconfig"
                kubeconfig.unlink(missing_ok=True)  # left by another session
            self.server = Server(self.cluster, kubeconfig, **options)
        return self.server

    def resume(self, cluster: Cluster, config: kubectl.Kubeconfig | None = None) -> None:
        """Continue with another cluster and kubectl's `config` (None: a fresh one). The shell keeps its state."""
        cluster.lock = self.cluster.lock  # the lock may be held by the caller
        cluster.offer(container_tools)
        self.cluster = cluster
        self.config = config or kubectl.Kubeconfig()
        self.shell.set_clock(cluster.clock)
        if self.server:
            self.server.attach(cluster)
