"""docs/architecture.md and docs/decisions.md name code that there is."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = ("architecture", "decisions")
LINK = re.compile(r"\[`([\w.]+)`\]\(\.\./([\w/]+\.py)\)")
LINKS = sorted({link for page in PAGES for link in LINK.findall((ROOT / "docs" / f"{page}.md").read_text("utf-8"))})


def names(body: list[ast.stmt], prefix: str = "") -> set[str]:
    """What is defined at the top of a module, and in its classes as Class.name."""
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
def test_what_the_pages_name_is_where_they_say(name: str, path: str) -> None:
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    assert name in names(tree.body) | {Path(path).stem, Path(path).name}


def test_each_contract_of_the_imports_is_told() -> None:
    told = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    beginnings = re.findall(r'contract "([^"…]+?) …"', told)
    untold = [one["name"] for one in contracts if not any(one["name"].startswith(start) for start in beginnings)]
    assert untold == []
