"""docker login and logout: what the registry says, and what becomes of the file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kubesim import Session
from kubesim.api import load_yaml

FILE = ".docker/config.json"
SHOWN = {
    "{insecure}": "WARNING! Using --password via the CLI is insecure. Use --password-stdin.\n",
    "{usage}": "\n\nUsage:  docker login [OPTIONS] [SERVER]\n\nRun 'docker login --help' for more information\n",
    "{kept}": f"kubesim: /workspace/{FILE} is not a configuration of Docker, so it is left as it is",
    "{unencrypted}": f"""
WARNING! Your credentials are stored unencrypted in '/workspace/{FILE}'.
Configure a credential helper to remove this warning. See
https://docs.docker.com/go/credential-store/

""",
}
ROWS = load_yaml(Path(__file__).with_name("docker.yaml"))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["run"])
def test_a_screen_of_docker(row: dict[str, Any]) -> None:
    session = Session()
    session.run("echo secret > p")
    if "given" in row:
        session.write_file(FILE, row["given"])
    screen = row["screen"]
    for name, text in SHOWN.items():
        screen = screen.replace(name, text)
    result = session.run(row["run"])
    assert (result.screen, result.exit_code) == (screen, row.get("exit", 0))
    if "file" in row:
        there = session.workspace.exists(FILE)
        assert (session.workspace.read_text(FILE) if there else "") == row["file"]
