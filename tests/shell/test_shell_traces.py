"""Where a password that was typed can be found: the history, and the process list."""

from __future__ import annotations

import pytest

from kubesim.shell import Shell

LIST = """\
UID          PID    PPID  C STIME TTY          TIME CMD
learner    10000    9999  0 14:00 pts/0    00:00:00 bash
"""


def seen(shell: Shell) -> list[str]:
    return [line[9:] for line in shell.run("neighbour").stdout.splitlines()]


def test_a_process_is_seen_with_its_arguments_filled_in(shell: Shell) -> None:
    shell.run("P=secret; kubectl get --password=$P 'two words'; echo $P; export Q=$P; P=$P cat < /dev/null")
    shell.run("echo $P | xargs kubectl; for p in a b; do kubectl $p; done; $(kubectl)")
    assert seen(shell) == [
        "kubectl get --password=secret two words",
        *("cat", "xargs kubectl", "kubectl secret", "kubectl a", "kubectl b", "kubectl", "kubectl"),
    ]


def test_each_is_seen_with_the_time_of_its_start(shell: Shell) -> None:
    shell.run("kubectl a; sleep 61; kubectl b")
    assert shell.run("neighbour").stdout == "14:00:00 kubectl a\n14:00:00 sleep 61\n14:01:01 kubectl b\n"


def test_what_is_no_tool_starts_no_process(shell: Shell) -> None:
    shell.run("nonsense secret; neighbour secret; P=secret; read -r P <<< secret; test $P = x; [ $P = x ]; printf $P")
    assert seen(shell) == []


def test_the_last_thousand_are_kept_and_no_long_ones(shell: Shell) -> None:
    for start in range(0, 1050, 350):
        shell.run(f"for i in {{{start}..{start + 349}}}; do kubectl $i; done")
    assert seen(shell) == [f"kubectl {number}" for number in range(51, 1050)]  # and the neighbour herself
    shell.run("kubectl " + "a" * 100_000)
    assert seen(shell)[-1] == "kubectl " + "a" * 4096


@pytest.mark.parametrize(
    ("line", "screen"),
    [
        ("ps", "    PID TTY          TIME CMD\n  10000 pts/0    00:00:00 bash\n  10001 pts/0    00:00:00 ps\n"),
        ("ps -ef", f"{LIST}learner    10001   10000  0 14:00 pts/0    00:00:00 ps -ef\n"),
        (
            "kubectl x; cat /dev/null | kubectl a | ps -f",
            f"kubectl x\ncat: /dev/null: No such file or directory\n{LIST}"
            "learner    10002   10000  0 14:00 pts/0    00:00:00 cat /dev/null\n"
            "learner    10003   10000  0 14:00 pts/0    00:00:00 kubectl a\n"
            "learner    10004   10000  0 14:00 pts/0    00:00:00 ps -f\n",
        ),
        (
            "USER=me ps aux",
            "USER         PID %CPU %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND\n"
            "me         10000  0.0  0.0   8000  4000 pts/0    S    14:00   0:00 bash\n"
            "me         10001  0.0  0.0   8000  4000 pts/0    S    14:00   0:00 ps aux\n",
        ),
        ("ps -o pid", "kubesim: 'ps -o pid' is not part of this simulator\n"),
    ],
)
def test_ps_shows_what_runs_now(shell: Shell, line: str, screen: str) -> None:
    assert shell.run(line).screen == screen


@pytest.mark.parametrize(
    ("control", "kept"),
    [
        ("", [" spaced", "same", "same"]),
        ("ignorespace", ["same", "same"]),
        ("ignoredups", [" spaced", "same"]),
        ("ignoreboth", ["same"]),
        ("erasedups:ignorespace", ["same", "same"]),
    ],
)
def test_histcontrol_says_what_is_remembered(shell: Shell, control: str, kept: list[str]) -> None:
    shell.run(f"HISTCONTROL={control}; history -c")
    for line in (" spaced", "same", "same"):
        shell.run(line)
    assert shell.history == kept


@pytest.mark.parametrize(
    ("offset", "kept"),
    [("1", ["two", "history -d 1"]), ("2", ["one", "history -d 2"]), ("-1", ["one", "two"])],
)
def test_a_line_can_be_forgotten(shell: Shell, offset: str, kept: list[str]) -> None:
    for line in ("one", "two", f"history -d {offset}"):
        shell.run(line)
    assert shell.history == kept


@pytest.mark.parametrize("offset", ["0", "9", "-9", "x", "''"])
def test_a_line_that_is_not_there_cannot_be_forgotten(shell: Shell, offset: str) -> None:
    result = shell.run(f"history -d {offset}")
    assert result.screen == f"bash: history: {offset.strip(chr(39))}: history position out of range\n"
    assert len(shell.history) == 1


def test_read_asks_nobody(shell: Shell) -> None:
    result = shell.run("read -rs PASSWORD")
    assert result.screen == "kubesim: typing the input of 'read' is not part of this simulator\n"
