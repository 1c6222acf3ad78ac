"""Notes about slips of the keyboard below the real output, and the environment of `kubesim lab`."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from kubesim.command.lab import lab_environment
from kubesim.jupyter.slips import _PLACE

# Notes about a wrong level in a patch, about typographic quotes and dashes, and about placeholders.
LEVELS = f"kubesim: {_PLACE}; a ServiceAccount has its own list, next to metadata\n"
QUOTE = "kubesim: the quote {} comes from a document or a chat: type a straight ' or \" instead\n"
DASH = "kubesim: the dash {} comes from a document or a chat: type - or -- instead\n"
PLACEHOLDER = "kubesim: {} is a placeholder: put a name in its place, without < and >\n"
# Lines with a slip, each with the screen.
PRINTED = {
    "echo “a b”": "“a b”\n" + QUOTE.format("“"),
    "kubectl get pods —watch": 'Error from server (NotFound): pods "—watch" not found\n' + DASH.format("—"),
    "kubectl get pod <pod>": "bash: syntax error near unexpected token `newline'\n" + PLACEHOLDER.format("<pod>"),
    "kubectl get pod POD_NAME": 'Error from server (NotFound): pods "POD_NAME" not found\n'
    "kubesim: POD_NAME looks like a placeholder: put a name in its place\n",
    "echo --docker-password=your-password": "--docker-password=your-password\n"
    "kubesim: your-password looks like a placeholder: put your own value in its place\n",
    'kubectl run a --image=nginx --overrides=\'{"imagePullSecrets":[{"name":"a"}]}\'': "pod/a created\n"
    f'kubesim: {_PLACE}: \'{{"spec":{{"imagePullSecrets":…}}}}\'\n',
    'kubectl patch sa default -p \'{"spec":{"imagePullSecrets":[]}}\'': 'Warning: unknown field "spec"\n'
    "serviceaccount/default patched (no change)\n",
    'kubectl patch deploy web -p \'{"spec":{"imagePullSecrets":[]}}\'': "Warning: unknown field"
    ' "spec.imagePullSecrets"\n'
    "deployment.apps/web patched (no change)\n" + LEVELS,
    "kubectl debug on -it --image=busybox -- sh": "kubesim: the flag --stdin is not part of this simulator\n"
    "kubesim: a container has no prompt here: leave out -it, and run one command at a time with kubectl exec\n",
    "kubectl run try --rm -it -q --image=busybox -- sh": "Unable to use a TTY - input is not a terminal or the right"
    " kind of file\n"
    "kubesim: nobody can type into the container, which would run on; it was interrupted\n"
    "kubesim: a container has no prompt here: leave out -it and run one command at a time\n",
    "kubectl exec -it on -- sh": "Unable to use a TTY - input is not a terminal or the right kind of file\n"
    "kubesim: a container has no prompt here: leave out -it and run one command at a time\n",
    "echo \"it\u2019s\" a—b 'a “b”'": "it\u2019s a—b a “b”\n" + QUOTE.format("“"),
    'echo "it\u2019s" a—b x=<none>': "bash: syntax error near unexpected token `newline'\n"
    + PLACEHOLDER.format("<none>"),
    "echo your own; cat <<EOF\n“a” <b> —c\nEOF": "your own\n“a” <b> —c\n",
}

# A program that starts as a kernel does, and runs a cell.
CELL = """
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
{before}
exec(open({start!r}).read())
shell.run_cell_magic("kubectl", "", "kubectl get nodes -o name")
"""


@pytest.mark.parametrize("line", PRINTED)
def test_a_slip_gets_one_line_below_the_real_output(line, seat):
    seat.run("kubectl create deployment web --image=nginx; kubectl run on --image=nginx; sleep 9")
    assert seat.run(line).screen == PRINTED[line]


@pytest.mark.parametrize(("before", "status"), [("import ipykernel", 0), ("", 1)])
def test_a_kernel_of_kubesim_lab_has_the_magics_before_the_first_cell(before, status, tmp_path):
    environment = lab_environment() | {"KUBESIM_WORKSPACE": str(tmp_path)}
    code = CELL.format(start=environment["PYTHONSTARTUP"], before=before)
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == status
    assert ("node/sim-worker" in run.stdout) is (status == 0)


def test_the_users_own_startup_file_is_kept(monkeypatch):
    monkeypatch.setitem(os.environ, "PYTHONSTARTUP", "mine.py")
    assert lab_environment()["PYTHONSTARTUP"] == "mine.py"
    monkeypatch.delitem(os.environ, "PYTHONSTARTUP")
    assert Path(lab_environment()["PYTHONSTARTUP"]).is_file()


def test_jupyterlab_looks_for_kubesims_settings_and_extension_first(monkeypatch):
    monkeypatch.setitem(os.environ, "JUPYTER_PATH", "mine")
    environment = lab_environment()
    first, second = environment["JUPYTER_PATH"].split(os.pathsep)
    assert second == "mine"
    assert environment["JUPYTER_CONFIG_PATH"].split(os.pathsep)[0] == first
    package = json.loads((Path(first) / "labextensions" / "kubesim" / "package.json").read_bytes())
    assert (Path(first) / "labextensions" / "kubesim" / package["jupyterlab"]["_build"]["load"]).is_file()
