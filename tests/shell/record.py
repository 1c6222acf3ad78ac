"""Records the output of bash and the GNU tools for the scripts of bash.yaml: `python tests/shell/record.py`.

It needs bash 5.2, coreutils 9, grep 3.11, sed 4.9 and diffutils, as in Debian 13. To add a script, add an entry with
`run` to bash.yaml, and run this.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import yaml

from kubesim.api import load_yaml

FILE = Path(__file__).with_name("bash.yaml")
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "HOME": "/workspace", "USER": "learner"}


def _as_at_a_prompt(stderr: str) -> str:
    """bash's messages in the form that they have at a prompt: without the number of the script's line."""
    stderr = re.sub(r"(?m)^bash: (?:-c: )?line \d+: ", "bash: ", stderr)
    return re.sub(r"(?m)^bash: `.*'\n", "", stderr)


def _bash(setup: str, script: str) -> dict[str, Any]:
    """The entry of a script, with its output in a fresh folder in which `setup` was run."""
    with tempfile.TemporaryDirectory() as folder:

        def run(text: str) -> subprocess.CompletedProcess[bytes]:
            command = ["bash", "--norc", "-c", f"shopt -s expand_aliases\n{text}"]
            return subprocess.run(
                command,
                cwd=folder,
                env=ENVIRONMENT,
                capture_output=True,
                stdin=subprocess.DEVNULL,
                check=False,
                timeout=20,
            )

        run(setup)
        done = run(script)
        stdout, stderr = (
            stream.decode("utf-8", "replace").replace(folder, "/workspace") for stream in (done.stdout, done.stderr)
        )
    return {"run": script, "stdout": stdout, "stderr": _as_at_a_prompt(stderr), "exit": done.returncode}


class _Dumper(yaml.SafeDumper):
    """A dumper that writes texts of several lines as blocks."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    """A text as a node of YAML."""
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def main() -> None:
    """Run all scripts, and rewrite bash.yaml."""
    document = load_yaml(FILE)
    document["scripts"] = [_bash(document["setup"], entry["run"]) for entry in document["scripts"]]
    FILE.write_text(yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1000))


if __name__ == "__main__":
    main()
