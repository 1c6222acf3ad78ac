"""What one learner holds: a cluster, a shell and a folder for files."""

from __future__ import annotations

from pathlib import Path

from kubesim.cluster import Cluster
from kubesim.result import Result
from kubesim.shell import Shell
from kubesim.workspace import Workspace


class Session:
    """A fresh cluster with a shell on it.

    `workspace` is the folder for the learner's files; without one a temporary folder is made when first needed and
    removed with the session. The same commands give the same answers in every session of the same `seed`.
    """

    def __init__(self, workspace: Path | None = None, seed: int = 0) -> None:
        self.workspace = Workspace(workspace)
        self.cluster = Cluster(seed)
        self.shell = Shell(self.cluster, self.workspace)

    def run(self, line: str) -> Result:
        """Run a shell line (or several). Simulated time moves by a tenth of a second for each command."""
        return self.shell.run(line)

    def write_file(self, name: str, text: str) -> None:
        """Put a file into the workspace, with the folders that it needs. Raises OSError outside the workspace."""
        folder = name.rpartition("/")[0]
        if folder:
            self.workspace.mkdir(folder, parents=True)
        self.workspace.write_text(name, text)

    def advance(self, seconds: float) -> None:
        """Let simulated time pass."""
        self.cluster.advance(seconds)
