"""What the command of a container does."""

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubesim.api.process import Process, StartError, endless, run

ENV = {"PATH": "/bin", "HOSTNAME": "web", "TWO": "a b"}
FILES = {"/etc/marker": "myapp 1.0"}


def started(*argv: str, stdin: str = "") -> Process:
    return run(argv, ENV, FILES, "web", stdin)


@pytest.mark.parametrize(
    ("argv", "output"),
    [
        (["cat", "/etc/marker"], "myapp 1.0"),
        (["cat", "/etc/../etc//marker"], "myapp 1.0"),
        (["/bin/echo", "-n", "a", "b"], "a b"),
        (["echo", "-e", r"a\tb"], "a\tb\n"),
        (["echo", "$HOME"], "$HOME\n"),
        (["ls"], "bin\ndev\netc\nproc\nsys\nvar\n"),
        (["ls", "/etc"], "hostname\nhosts\nmarker\nresolv.conf\n"),
        (["ls", "-l", "/etc/marker"], "/etc/marker\n"),
        (["env"], "PATH=/bin\nHOSTNAME=web\nTWO=a b\n"),
        (["printenv", "TWO"], "a b\n"),
        (["hostname"], "web\n"),
        (["id"], "uid=0 gid=0 groups=0\n"),
        (["id", "-u"], "0\n"),
        (["sh", "-c", "echo init done"], "init done\n"),
        (["/bin/sh", "-c", "echo $0 $1", "a", "b"], "a b\n"),
    ],
)
def test_tools(argv: list[str], output: str) -> None:
    assert started(*argv) == Process(((0, "stdout", output),))


def test_standard_input() -> None:
    assert started("cat", stdin="abc").output == "abc"
    assert started("sh", stdin="echo a\nexit 3\n") == Process(((0, "stdout", "a\n"),), 3)


@pytest.mark.parametrize(
    ("script", "output", "exit_code", "seconds"),
    [
        ("echo a; sleep 2; echo b && sleep 1m", "a\nb\n", 0, 62),
        ("false || echo a; true && exit 3; echo never", "a\n", 3, 0),
        ("exit", "", 0, 0),
        ("false; exit", "", 1, 0),
        ("echo $TWO \"$TWO\" '$TWO' \\$TWO ${TWO}c", "a b a b $TWO $TWO a bc\n", 0, 0),
        ('A=1; B="$A \\"2\\""; echo $B', '1 "2"\n', 0, 0),
        ("for i in a $TWO; do echo $i; sleep 1; done", "a\na\nb\n", 0, 3),
        ("# a comment\necho a \\\n b", "a b\n", 0, 0),
        ("trap : TERM; sleep infinity & wait", "", 0, inf),
        ("while true; do sleep 3600; done", "", 0, inf),
        ("while :; do :; done", "", 0, inf),
        ("while false; do echo never; done; echo $?", "0\n", 0, 0),
        ("exec sleep 5", "", 0, 5),
        ("date", "sh: date: not found\n", 127, 0),
        ("cat /nope", "cat: can't open '/nope': No such file or directory\n", 1, 0),
        ("ls /nope", "ls: /nope: No such file or directory\n", 1, 0),
        ("sleep x", "sleep: invalid number 'x'\n", 1, 0),
        ("exit x", "sh: exit: Illegal number: x\n", 2, 0),
        ("echo 'a", "sh: syntax error: unterminated quoted string\n", 2, 0),
        ("while true", "sh: syntax error: unexpected end of file\n", 2, 0),
        ("if true; then echo; fi", 'kubesim: "if" in the shell of a container is not part of this simulator\n', 2, 0),
        ("echo a | cat", 'kubesim: "|" in the shell of a container is not part of this simulator\n', 2, 0),
        ("done", 'sh: syntax error: unexpected "done"\n', 2, 0),
    ],
)
def test_scripts(script: str, output: str, exit_code: int, seconds: float) -> None:
    process = started("sh", "-c", script)
    assert (process.output, process.exit_code, process.seconds) == (output, exit_code, seconds)


def test_streams_and_times() -> None:
    process = started("sh", "-c", "echo a; sleep 2; echo b; nope")
    assert process.writes == ((0, "stdout", "a\n"), (2, "stdout", "b\n"), (2, "stderr", "sh: nope: not found\n"))
    assert (process.stdout, process.stderr) == ("a\nb\n", "sh: nope: not found\n")
    assert process.output_by(1) == "a\n"


def test_a_loop_goes_on_writing() -> None:
    process = started("sh", "-c", "while true; do echo waiting; sleep 2; done")
    assert (process.seconds, process.output_by(5)) == (inf, "waiting\n" * 3)


def test_endless() -> None:
    assert endless(("started",)) == Process(((0, "stdout", "started\n"),), 0, inf)


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["foo"], 'exec: "foo": executable file not found in $PATH'),
        ([], 'exec: "": executable file not found in $PATH'),
        (["/bin/foo"], 'exec: "/bin/foo": stat /bin/foo: no such file or directory'),
        (["/etc/marker"], 'exec: "/etc/marker": permission denied'),
    ],
)
def test_what_cannot_start(argv: list[str], words: str) -> None:
    with pytest.raises(StartError) as error:
        started(*argv)
    assert str(error.value) == words
    assert error.value.of_container() == (
        "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: "
        f"unable to start container process: error during container init: {words}: unknown"
    )
    assert error.value.of_exec("e" * 64) == (
        f'error executing command in container: failed to exec in container: failed to start exec "{"e" * 64}": '
        f"OCI runtime exec failed: exec failed: unable to start container process: {words}: unknown"
    )


WORDS = """while true; do done if then else fi for i in a b echo $X X=$X$X $(echo x) "$(ls)" 'q' " ' ( ) { } | || && ! &
> >> 2>&1 /tmp/f sleep 1 infinity exit cat sh -c export [ ] = -f ${X:-y} \\ # $ printf %s"""


@given(st.lists(st.sampled_from([*WORDS.split(), "\n"]), max_size=25).map(" ".join) | st.text(max_size=60))
def test_any_script_ends_and_leaves_a_result(script: str) -> None:
    process = started("sh", "-c", script, stdin=script)
    assert 0 <= process.exit_code <= 255
    assert process.seconds >= 0
    assert len(process.output) <= 1_000_000


@pytest.mark.parametrize(
    "script",
    [
        'sh -c \'sh -c "$0" "$0"\' \'sh -c "$0" "$0"\'',
        "X=xxxx; while true; do X=$X$X; done",
        "if true; then " * 5000,
        "while true; do " + "echo a; " * 5000 + "done",
        "echo " + "$(" * 5000,
        "while true; do sleep 0; done; " * 1000,
        '"' * 5001,
    ],
)
def test_hostile_scripts_are_cut_short(script: str) -> None:
    assert len(started("sh", "-c", script).output) <= 1_000_000
