"""What a shell line does beyond what bash.yaml records: kubectl, time, history, the screen, and what is left out."""

from __future__ import annotations

import pytest

from kubesim.api.clock import SECOND
from kubesim.api.result import Edit, Result
from kubesim.shell import Shell


def test_kubectl_reads_what_is_piped_or_written_below(shell: Shell) -> None:
    assert shell.run("echo a | sed s/a/b/ | kubectl apply -f -").stdout == "b\n"
    assert shell.run("kubectl apply -f - <<EOF\nuser: $USER\nEOF").stdout == "user: learner\n"


def test_jsonpath_and_columns_reach_kubectl_as_typed(shell: Shell) -> None:
    line = "kubectl get pods -o custom-columns=A:.spec.imagePullSecrets[*].name -o jsonpath='{.data.\\.x}{\"\\n\"}'"
    expected = 'kubectl get pods -o custom-columns=A:.spec.imagePullSecrets[*].name -o jsonpath={.data.\\.x}{"\\n"}\n'
    assert shell.run(line).stdout == expected


def test_screen_keeps_the_order_of_both_streams(shell: Shell) -> None:
    result = shell.run("echo one; cat missing; kubectl both; echo two")
    screen = "one\ncat: missing: No such file or directory\nerr 1\nout 1\nout 2\ntwo\n"
    errors = "cat: missing: No such file or directory\nerr 1\n"
    assert result == Result("one\nout 1\nout 2\ntwo\n", errors, 0, screen)


def test_both_streams_of_kubectl_go_their_ways(shell: Shell) -> None:
    assert shell.run("kubectl both 2>/dev/null | cat -n").screen == "     1\tout 1\n     2\tout 2\n"
    assert shell.run("kubectl both 2>&1 | cat").stdout == "err 1\nout 1\nout 2\n"


def test_each_pipeline_takes_a_tenth_of_a_second(shell: Shell) -> None:
    clock = shell._machine.clock
    start = clock.now
    shell.run("true; true | true && true")
    assert clock.now - start == 3 * SECOND // 10
    shell.run("sleep 1m 2s")
    assert clock.now - start == 62 * SECOND + 4 * SECOND // 10


@pytest.mark.parametrize(("time", "seconds"), [("2", 2), ("2s", 2), ("1m", 60), ("1h", 3600), (".5", 0.5), ("0", 0)])
def test_sleep_understands(shell: Shell, time: str, seconds: float) -> None:
    clock = shell._machine.clock
    start = clock.now
    assert shell.run(f"sleep {time}").exit_code == 0
    assert clock.now - start == (seconds + 0.1) * SECOND


def test_date_is_the_simulated_one(shell: Shell) -> None:
    result = shell.run("date; date -u '+%Y-%m-%dT%H:%M:%SZ'; date +%s.%N")
    assert result.stdout == "Tue Nov 24 14:00:00 UTC 2026\n2026-11-24T14:00:00Z\n1795528800.200000000\n"


def test_history_holds_every_line_once(shell: Shell) -> None:
    shell.run("echo a")
    shell.run("   ")
    shell.run("nonsense")
    assert shell.run("history").stdout == "    1  echo a\n    2  nonsense\n    3  history\n"
    assert shell.run("history 1").stdout == "    4  history 1\n"
    shell.run("history -c")
    assert shell.history == []


def test_a_call_leaves_no_trace_in_the_history(shell: Shell) -> None:
    assert shell.call("echo a").stdout == "a\n"
    assert shell.history == []


def test_aliases_hold_from_the_next_line_on(shell: Shell) -> None:
    shell.run("alias k=kubectl kgp='kubectl get pods | cat -n'")
    assert shell.aliases == {"k": "kubectl", "kgp": "kubectl get pods | cat -n"}
    assert shell.run("k get x; kgp").stdout == "kubectl get x\n     1\tkubectl get pods\n"
    assert shell.run("alias").stdout == "alias k='kubectl'\nalias kgp='kubectl get pods | cat -n'\n"


def test_variables_last_and_exported_ones_are_handed_on(shell: Shell) -> None:
    shell.run("A=1; export B=2")
    assert shell.run("echo $A$B").stdout == "12\n"
    assert "A" not in shell.env
    assert shell.env["B"] == "2"


def test_nano_hands_the_file_to_the_front_end(shell: Shell) -> None:
    shell.run("mkdir app; cd app")
    result = shell.run("$EDITOR pod.yaml")
    note = "kubesim: the editor opens in the live terminal; elsewhere write the file: cat > pod.yaml <<'EOF'\n"
    assert result == Result(stderr=note, edit=Edit("app/pod.yaml"))
    assert shell.run("kubectl edit pod").edit == Edit("object.yaml")
    assert shell.run("echo").edit is None


@pytest.mark.parametrize("path", ["../x", "/etc/passwd"])
def test_nano_stays_inside(shell: Shell, path: str) -> None:
    assert shell.run(f"nano {path}") == Result(stderr=f"nano: {path}: No such file or directory\n", exit_code=1)


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("echo a & echo b", "'&'"),
        ("f() { echo; }", "the function 'f()'"),
        ("echo $((1 << 2))", "the arithmetic of '1 << 2'"),
        ("echo ${X##d}", "'${X##d}'"),
        ("cat <(echo)", "'<('"),
        ("[[ a = b ]]", "'[['"),
        ("case a in", "'case'"),
        ("echo a 3> x", "the redirection '3>'"),
        ("ls -t", "'ls -t'"),
        ("sed -n 1,2w f", "'sed w'"),
        ("grep '\\(a\\)\\1' pod.yaml", "the back-reference '\\1' in a pattern"),
        ("cat", "typing the input of 'cat'"),
        ("sleep 2h", "a sleep of more than an hour"),
    ],
)
def test_what_is_left_out_says_so_in_one_line(shell: Shell, line: str, what: str) -> None:
    result = shell.run(line)
    assert result.stdout == ""
    assert result.stderr.startswith(f"kubesim: {what} is not part of this simulator")
    assert result.stderr.count("\n") == 1
    assert result.exit_code != 0


@pytest.mark.parametrize("editor", ["vi", "vim", "vimtutor", "emacs"])
def test_other_editors_point_at_nano(shell: Shell, editor: str) -> None:
    told = f"kubesim: '{editor}' is not part of this simulator; its editor is nano, as in: nano pod.yaml\n"
    assert shell.run(f"{editor} pod.yaml") == Result(stderr=told, exit_code=127)


def test_lines_before_a_mistake_are_run(shell: Shell) -> None:
    result = shell.run("echo one\necho 'two")
    assert result == Result("one\n", "bash: unexpected EOF while looking for matching `''\n", 2)


def test_an_unfinished_here_document_runs_nothing(shell: Shell) -> None:
    result = shell.run("cat > pod.yaml <<EOF\nkind: Pod")
    told = "bash: warning: here-document delimited by end-of-file (wanted `EOF')\n"
    assert result == Result(stderr=told, exit_code=2)
    assert not shell.workspace.exists("pod.yaml")


@pytest.mark.parametrize(
    ("text", "complete"),
    [
        ("echo a", True),
        ("echo 'a", False),
        ('echo "a', False),
        ("echo $(a", False),
        ("cat <<E\na", False),
        ("cat <<E\na\nE", True),
        ("cat <<E\na\nE\n", True),
        ("echo a |", False),
        ("echo a &&\n", False),
        ("echo a \\", False),
        ("echo a \\\\", True),
        ("for x in a; do", False),
        ("for x in a; do echo; done", True),
        ("if true\n", False),
        ("{ echo", False),
        (")", True),
        ("echo $((1", False),
        ("", True),
    ],
)
def test_is_complete(shell: Shell, text: str, complete: bool) -> None:
    assert shell.is_complete(text) is complete


def test_ls_long_is_the_same_on_every_machine(shell: Shell) -> None:
    shell.run("mkdir app; echo hello > b; touch a .hidden")
    assert shell.run("ls -l").stdout == (
        "-rw-r--r-- 1 learner learner        0 a\n"
        "drwxr-xr-x 1 learner learner     4096 app\n"
        "-rw-r--r-- 1 learner learner        6 b\n"
    )
    assert shell.run("ls -a").stdout == ".\n..\n.hidden\na\napp\nb\n"


def test_diff_is_unified(shell: Shell) -> None:
    shell.run("printf 'a\\nb\\n' > one; printf 'a\\nc' > two")
    expected = "--- one\n+++ two\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n\\ No newline at end of file\n"
    assert shell.run("diff -u one two") == Result(expected, exit_code=1)


def test_bytes_that_are_no_text_survive_pipes_and_files(shell: Shell) -> None:
    assert shell.run("echo gIGC/w== | base64 -d > bytes; base64 bytes").stdout == "gIGC/w==\n"
    assert shell.workspace.read_bytes("bytes") == b"\x80\x81\x82\xff"
    assert shell.run("cat bytes").stdout == "\ufffd" * 4


def test_sed_edits_what_another_command_hands_it(shell: Shell) -> None:
    shell.run("echo a > f; echo b > g")
    assert shell.run("ls f g | xargs sed -i s/^/x/; cat f g").stdout == "xa\nxb\n"


def test_help_fits_on_a_screen(shell: Shell) -> None:
    screen = shell.run("help").stdout.splitlines()
    assert len(screen) <= 24
    assert max(map(len, screen)) <= 80
    assert {line[39:41] for line in screen[1:-1]} <= {"  ", ""}  # between the columns
    assert screen[-1] == "kubectl: delete describe get"
    assert shell.run("help head; head --help").stdout == "Usage: head [-n N] [FILE]...\n" * 2


@pytest.mark.parametrize(
    ("typed", "advice"),
    [("kubctl", "did you mean kubectl?"), ("hitsory", "did you mean history?"), ("top", "type help to see what is")],
)
def test_a_command_that_is_not_there_may_be_a_slip(shell: Shell, typed: str, advice: str) -> None:
    assert shell.run(typed).stderr == f"kubesim: '{typed}' is not part of this simulator; {advice}\n"


def test_type_and_which(shell: Shell) -> None:
    shell.run("alias k=kubectl")
    assert (
        shell.run("type k cd sed").stdout == "k is aliased to `kubectl'\ncd is a shell builtin\nsed is /usr/bin/sed\n"
    )
    assert shell.run("which kubectl nope") == Result("/usr/local/bin/kubectl\n", exit_code=1)


def test_clear_sends_the_terminals_own_sequence(shell: Shell) -> None:
    assert shell.run("clear").stdout == "\x1b[H\x1b[2J\x1b[3J"
