"""`kubesim completion`: what Tab completes, asked of the shells themselves."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from kubesim.__main__ import main
from kubesim.command import COMMANDS

ASK = """\
ask() {
    COMP_WORDS=("$@")
    COMP_CWORD=$(($# - 1))
    _kubesim
    echo "${COMPREPLY[*]}"
}
"""
# The options that zsh sets before it calls a function of bash (bashcompinit).
ZSH = f"autoload -Uz compinit && compinit -u -D\n. ./script\nemulate sh; setopt kshglob noshglob braceexpand\n{ASK}"
SHELLS = {
    "bash": (["bash", "--norc"], f". ./script\n{ASK}", "ask {words}\n"),
    "zsh": (["zsh", "-f"], ZSH, "ask {words}\n"),
    "fish": (["fish", "--no-config"], "source ./script\n", "complete -C '{line}' | string replace -r '\\t.*' ''\n"),
}
TYPED = [
    ("", list(COMMANDS)),
    ("gr", ["grade"]),
    ("--v", ["--version"]),
    ("why --an", ["--answer"]),
    ("why --answer ", ["yes", "no"]),
    ("why -o m", ["markdown"]),
    ("serve --k", ["--kubeconfig"]),
    ("completion ", ["bash", "zsh", "fish"]),
]


@pytest.mark.parametrize(("typed", "completed"), TYPED)
@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_completes_commands_options_and_choices(
    shell: str, typed: str, completed: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["completion", shell]) == 0
    (tmp_path / "script").write_text(capsys.readouterr().out)
    program, before, ask = SHELLS[shell]
    if shutil.which(program[0]) is None:
        pytest.skip(f"{shell} isn't installed")
    *complete, last = typed.split(" ")
    words = " ".join(["kubesim", *complete, last or "''"])
    done = subprocess.run(
        [*program, "-c", before + ask.format(words=words, line=f"kubesim {typed}")],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    offered = [word for word in done.stdout.split() if word.startswith(last)]  # zsh's own part
    assert (sorted(offered), done.stderr) == (sorted(completed), "")
