"""The pages about the architecture name existing code and contracts, and a first answer imports little."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = ("architecture", "decisions")
# A link to code, with the name and the file; all links of the pages.
LINK = re.compile(r"\[`([\w.]+)`\]\(\.\./([\w/]+\.py)\)")
LINKS = sorted({link for page in PAGES for link in LINK.findall((ROOT / "docs" / f"{page}.md").read_text("utf-8"))})

# A program that prints an answer of kubectl, the number of compiled patterns, and the imported modules.
FIRST_ANSWER = """
import re._compiler
import sys
patterns = []
compile_pattern = re._compiler.compile
re._compiler.compile = lambda *given: patterns.append(given) or compile_pattern(*given)
before = set(sys.modules)
import kubesim
print(kubesim.Session().run("kubectl get pods").stderr.strip())
print(len(patterns))
print(*set(sys.modules) - before)
"""
# Modules that a first answer doesn't need, with the milliseconds of CPU that importing each takes.
SLOW = {"dataclasses": 4, "inspect": 5, "yaml": 10, "argparse": 4, "hashlib": 3, "uuid": 2}


def names(body: list[ast.stmt], prefix: str = "") -> set[str]:
    """The names defined in a body: functions, classes, variables, and those of a class as "Class.name"."""
    defined: set[str] = set()
    for statement in body:
        if isinstance(statement, ast.FunctionDef | ast.ClassDef):
            defined.add(prefix + statement.name)
        if isinstance(statement, ast.ClassDef):
            defined |= names(statement.body, f"{statement.name}.")
        if isinstance(statement, ast.Assign | ast.AnnAssign):
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            defined |= {target.id for target in targets if isinstance(target, ast.Name)}
    return defined


@pytest.mark.parametrize(("name", "path"), LINKS)
def test_a_linked_name_is_defined_in_the_linked_file(name: str, path: str) -> None:
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    assert name in names(tree.body) | {Path(path).stem, Path(path).name}


def test_each_contract_of_the_imports_is_explained() -> None:
    told = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    beginnings = re.findall(r'contract "([^"…]+?) …"', told)
    untold = [one["name"] for one in contracts if not any(one["name"].startswith(start) for start in beginnings)]
    assert untold == []


def floors(picture: str) -> list[list[str]]:
    """The floors of a picture in CONTRIBUTING.md, from above, each with its packages, sorted."""
    firsts = [re.split(r"\s{2,}", line.strip())[0] for line in picture.splitlines()]
    return [sorted(first.split(" | ")) for first in firsts]


def test_the_pictures_of_the_packages_are_the_contracts_of_the_imports() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8").split("## The rooms")[1].split("\n## ")[0]
    drawn = [floors(picture) for picture in re.findall(r"(?m)(?:^    .+\n)+", text)]
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    kept = {
        one["containers"][0]: [sorted(layer.split(" | ")) for layer in one["layers"]]
        for one in contracts
        if one["type"] == "layers"
    }
    # The picture of `why` lacks its top and bottom floors: `export`, which calls the others, and `tables`.
    assert drawn == [kept["kubesim"][1:], kept["kubesim.cluster"], kept["kubesim.why"][1:-1]]
    assert (kept["kubesim"][0], kept["kubesim.why"][0], kept["kubesim.why"][-1]) == (
        ["__main__"],
        ["export"],
        ["tables"],
    )


def test_a_first_answer_imports_no_more_than_it_needs() -> None:
    done = subprocess.run([sys.executable, "-c", FIRST_ANSWER], check=True, capture_output=True, text=True)
    answer, patterns, modules = done.stdout.splitlines()
    imported = modules.split()
    own = [name for name in imported if name.partition(".")[0] == "kubesim"]
    assert answer == "No resources found in default namespace."
    assert SLOW.keys() & set(imported) == set()
    assert len(own) <= 130
    assert int(patterns) <= 55  # compiling one takes 0.1 ms
    assert len(imported) <= 166
