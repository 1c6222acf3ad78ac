"""The glossary and the cheat sheet: every command works, and every row of the table fixes what it says."""

import json
import re

import pytest

from kubesim.jupyter.playground import LOAD
from kubesim.session import Session
from tests.notebooks.pages import FOLDER, PATH, ROOT, prose_of

GLOSSARY = (ROOT / "docs/glossary.md").read_text(encoding="utf-8")
SHEET = (ROOT / "docs/cheat-sheet.md").read_text(encoding="utf-8")
ENTRIES = re.findall(r"^- \*\*`?(.+?)`?\*\* \((\d\d|appendix)\): (.+)$", GLOSSARY, re.MULTILINE)
BLOCKS = [line for block in re.findall(r"```sh\n(.*?)```", SHEET, re.DOTALL) for line in block.splitlines()]
FIXES = SHEET.partition("## The commands")[0]
ROWS = [row.replace(r"\|", "\0").split("|")[1:-1] for row in FIXES.splitlines() if row.startswith("|")][2:]
MAKE, _, AGAIN, PATCH = BLOCKS[3:7]
CONFIG = '{"auths":{"registry.example.com":{"username":"myuser","password":"mypassword"}}}'
OPAQUE = f"kubectl create secret generic regcred --from-literal=.dockerconfigjson='{CONFIG}'"
READER = MAKE.replace("myuser", "pull-autumn").replace("mypassword", "chestnut-4")
HUB = "kubectl create secret docker-registry regcred --docker-username=acme --docker-password=hubpass"
RESTART = "kubectl rollout restart deployment web"
IMAGE = "registry.example.com/myapp:1.0"


def deploy(image=IMAGE, listed=False, policy="IfNotPresent", namespace="default"):
    """A Deployment `web` of one container `app`."""
    spec = {"containers": [{"name": "app", "image": image, "imagePullPolicy": policy}]}
    spec |= {"imagePullSecrets": [{"name": "regcred"}]} if listed else {}
    labels = {"app": "web"}
    template = {"metadata": {"labels": labels}, "spec": spec}
    web = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": namespace}}
    web["spec"] = {"selector": {"matchLabels": labels}, "template": template}
    return f"kubectl apply -f - <<E\n{json.dumps(web)}\nE"


# For each row: the lines that lead to it, and those that the fix needs besides the row's own commands.
STORIES = [
    ([MAKE, deploy(IMAGE.replace("example", "exmaple"), listed=True)], []),
    ([deploy("harbor.corp.example/myapp:1.0")], ["node trust harbor.corp.example"]),
    ([deploy("registry.local:5000/myapp:1.0")], ["node insecure registry.local:5000"]),
    (["node proxy http://proxy.corp.example:3128", deploy("nginx")], ["node proxy off"]),
    ([deploy("redis:7")], [HUB, PATCH, RESTART]),
    ([deploy("once.example.com/myapp:1.0")], []),
    ([MAKE.replace("=mypassword", "=old"), deploy(listed=True)], [AGAIN]),
    ([READER, deploy("registry.example.com/team/api:1.0", listed=True)], [AGAIN]),
    ([deploy("ngnix:1.27")], []),
    ([MAKE, "kubectl create namespace shop", deploy(listed=True, namespace="shop")], []),
    ([deploy(listed=True)], [MAKE]),
    ([MAKE, deploy()], []),
    ([MAKE, deploy(), PATCH], []),
    ([OPAQUE, deploy(listed=True)], [MAKE]),
    ([MAKE.replace("--docker-server=registry.example.com ", ""), deploy(listed=True)], [AGAIN]),
    ([MAKE, deploy(IMAGE.replace("1.0", "9.9"), listed=True)], []),
    ([MAKE, deploy("registry.example.com/arm/tool:1.0", listed=True)], []),
    ([MAKE, deploy(listed=True, policy="Never")], []),
    ([MAKE, deploy(IMAGE.replace("myapp", "MyApp"), listed=True)], []),
]


def code(cell):
    """The code spans of a cell of the table."""
    return [span.replace("\0", "|") for span in re.findall(r"`([^`]+)`", cell)]


def seen(row):
    """The first code span of the row, or of the nearest row above where it says "The same"."""
    return code(ROWS[row][0])[0] if "The same" not in ROWS[row][0] else seen(row - 1)


def run(session, *lines):
    """What the lines print, none of which may fail."""
    results = [session.run(line) for line in lines]
    assert [result.screen for result in results if result.exit_code] == []
    return "".join(result.stdout for result in results)


def test_every_command_in_the_blocks_works():
    session = Session()
    session.write_file("config.json", CONFIG)
    run(session, deploy("nginx"))
    assert len(BLOCKS) == 11
    run(session, *BLOCKS, "kubectl rollout restart deployment web")
    assert "kubectl rollout restart deployment web" in SHEET


@pytest.mark.parametrize("row", range(len(STORIES)), ids=[row[1].strip() for row in ROWS])
def test_every_row_of_the_table_is_true(row):
    before, after = STORIES[row]
    session = Session()
    session.write_file("config.json", CONFIG)
    run(session, *before, "sleep 30")
    assert seen(row) in run(session, "kubectl get pods -A", "kubectl events -A")
    fixes = [span for span in code(ROWS[row][2]) if span.startswith("kubectl ")]
    run(session, *fixes, *after, "sleep 320")
    assert run(session, "kubectl get pods -A -l app=web --no-headers").split()[3] == "Running"


def test_every_row_has_its_story():
    assert len(STORIES) == len(ROWS)


def test_the_glossary_is_in_order_and_short():
    assert len(ENTRIES) == GLOSSARY.count("\n- ")
    terms = [term.lower() for term, _, _ in ENTRIES]
    assert terms == sorted(set(terms))
    assert [term for term, _, text in ENTRIES if len(re.findall(r"\. ", text)) > 1 or not text.endswith(".")] == []


def test_each_word_of_the_glossary_is_used_where_it_says():
    pages = {name.partition("-")[0]: (FOLDER / f"{name}.ipynb").read_text(encoding="utf-8").lower() for name in PATH}
    assert [term for term, page, _ in ENTRIES if term.lower() not in pages[page]] == []


def test_every_letter_of_the_tree_has_its_row():
    tree = re.findall(r"```text\n(.*?)```", SHEET, re.DOTALL)[0]
    letters = re.findall(r"· ([A-Z])$", tree, re.MULTILINE)
    assert letters == sorted(letters) == [row[0].strip().removeprefix("**")[0] for row in ROWS]


def test_the_playground_types_what_its_notebook_shows():
    assert f"```\n{LOAD}\n```" in prose_of("playground")
