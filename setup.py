"""Gives README's links their host, for the package index, which shows it without the repository around it."""

import re
from pathlib import Path

from setuptools import setup

HERE = Path(__file__).parent
[SOURCE] = re.findall(r'^Source = "(.+)"$', (HERE / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)


def with_host(link: re.Match[str]) -> str:
    """A link or picture of a file of the repository, with the address where that is."""
    opening, path = link.groups()
    is_picture = path.endswith((".png", ".svg"))
    return f"{opening}{SOURCE}/{'raw' if is_picture else 'blob'}/HEAD/{path}"


README = re.sub(
    r"""(\]\(|src="|srcset=")(?!https?:|#)([^)"\s]+)""", with_host, (HERE / "README.md").read_text(encoding="utf-8")
)

setup(long_description=README, long_description_content_type="text/markdown")
