"""Record anew what bash and the GNU tools answer to the scripts of bash.yaml: `python tests/shell/record.py`.

Needs bash 5.2, coreutils 9, grep 3.11, sed 4.9 and diffutils, as Debian 13 has them. To add a script, add an entry
with `run` to bash.yaml and call this.
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
    """What bash says without the number of a script's line, which it does not name at a prompt."""
    stderr = re.sub(r"(?m)^bash: (?:-c: )?line \d+: ", "bash: ", stderr)
    return re.sub(r"(?m)^bash: `.*'\n", "", stderr)


def _bash(setup: str, script: str) -> dict[str, Any]:
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
    pass


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def main() -> None:
    """Write bash.yaml again."""
    document = load_yaml(FILE)
    document["scripts"] = [_bash(document["setup"], entry["run"]) for entry in document["scripts"]]
    FILE.write_text(yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1000))


if __name__ == "__main__":
    main()
