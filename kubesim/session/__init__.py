"""What one learner holds: a cluster, a shell and a folder for files."""

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
from kubesim.session.programs import FILE_USAGE, beside_kubectl, in_containers, new_context, why_file, why_tool
from kubesim.shell import Invocation, Shell, Tool
from kubesim.workspace import Workspace

if TYPE_CHECKING:
    from kubesim.server.https import Server


class Session:
    """A fresh cluster with a shell on it.

    `workspace` is the folder for the learner's files; by default a temporary one, removed with the session. The same
    commands give the same answers in every session of the same `seed` and `boot`, the time its cluster was booted.
    `registries` is a YAML file of registries that replaces kubesim's own or adds to them, and `node` says what is set
    on the node itself; see `Cluster`. Raises ValueError and OSError where that file is wrong or can't be read.
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
        self.cluster.offer(in_containers)
        self.config = kubectl.Kubeconfig()
        self.server: Server | None = None
        self.explained: list[str] = []
        """The namespaces of the Pods that `why` has explained, "" for one from an export: a challenge counts them."""
        self.shell = Shell(self.cluster.clock, self.workspace, self._programs())
        self.shell.aliases["k"] = "kubectl"  # as in the exams

    def _programs(self) -> list[Tool]:
        """The programs of the terminal; each asks for the cluster when it runs, because another may take its place."""
        usage = "kubectl COMMAND [options]"
        client = Tool("kubectl", self._run_kubectl, usage, "kubectl get pods", complete=self._complete_kubectl)
        why = why_tool(
            lambda: self.cluster, lambda: self.config.namespace_of(self.config.current), self.explained.append
        )
        why = why._replace(complete=self._complete_pods)
        why_of_a_file = Tool("kubesim", self._run_kubesim, FILE_USAGE, "kubesim why -f case.yaml")
        self._why = why
        return [client, why, why_of_a_file, *beside_kubectl(lambda: self.cluster)]

    def _run_kubectl(self, arguments: list[str], io: Invocation) -> int:
        if arguments[:1] == ["why"]:  # the plugin that kubesim brings for a real kubectl
            return self._why.run(arguments[1:], io)

        def run_editor(editor: str, path: str) -> int:
            by_shell = any(mark in editor for mark in "\"'\\")  # as kubectl itself does
            return io.run(["bash", "-c", f'{editor} "{path}"'] if by_shell else [*editor.split(" "), path], "")

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
        return why_file.run(arguments[1:], io)

    def _complete_kubectl(self, words: list[str]) -> list[str]:
        from kubesim.kubectl.completion import complete  # late: only Tab needs it

        if words[:1] == ["why"]:
            words = ["get", "pod", *words[1:]]
        client = self.cluster.apiserver.as_user(ADMIN)
        return complete(words, kubectl.Context(client, self.cluster.clock, self.workspace, self.config, Budget()))

    def _complete_pods(self, words: list[str]) -> list[str]:
        return self._complete_kubectl(["get", "pod", *words])

    def run(self, line: str) -> Result:
        """Run a shell line (or several). Simulated time moves by a tenth of a second for each command."""
        with self.cluster.lock:
            return self.shell.run(line)

    def write_file(self, name: str, text: str) -> None:
        """Put a file into the workspace, with the folders that it needs. Raises OSError outside the workspace."""
        self.workspace.put(name, text)

    def advance(self, seconds: float, budget: Budget = UNPAID) -> None:
        """Let time pass, which `budget` pays for. Raises TooMuchError where it can't, and then stops there."""
        with self.cluster.lock:
            self.cluster.advance(seconds, budget)

    def serve(self, kubeconfig: Path | None = None, **options: Any) -> Server:
        """Open the cluster's API over HTTPS on loopback, so that a real kubectl can talk to it; see `Server`.

        The file that kubectl needs is `kubeconfig`, by default in a hidden folder of the workspace. A session is served
        once: called again, this returns the same server. Raises OSError where address or file can't be used.
        """
        from kubesim.server.https import Server  # late: a browser lacks what it needs

        if self.server is None or self.server.is_closed:
            if kubeconfig is None:
                kubeconfig = self.workspace.root / ".kubesim" / "kubeconfig"
                kubeconfig.unlink(missing_ok=True)  # another session's
            self.server = Server(self.cluster, kubeconfig, **options)
        return self.server

    def resume(self, cluster: Cluster, config: kubectl.Kubeconfig | None = None) -> None:
        """Continue with another cluster and kubectl's `config` (None: a fresh one). The shell stays as it is."""
        cluster.lock = self.cluster.lock  # which may be held now
        cluster.offer(in_containers)
        self.cluster = cluster
        self.config = config or kubectl.Kubeconfig()
        self.shell.set_clock(cluster.clock)
        if self.server:
            self.server.attach(cluster)
