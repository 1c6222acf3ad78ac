"""Which words are coloured."""

from __future__ import annotations

import pytest

from kubesim.jupyter import ansi

RED, GREEN, YELLOW, ASIDE, OFF = "\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[36m", "\x1b[0m"


@pytest.mark.parametrize(
    ("plain", "coloured"),
    [
        ("web    1/1     Running   0      9s\n", f"web    1/1     {GREEN}Running{OFF}   0      9s\n"),
        ("p      0/1     ErrImagePull\n", f"p      0/1     {RED}ErrImagePull{OFF}\n"),
        ("p   0/1   Init:ErrImagePull   0\n", f"p   0/1   Init:{RED}ErrImagePull{OFF}   0\n"),
        ("Status:           Pending\n", f"Status:           {YELLOW}Pending{OFF}\n"),
        ("  phase: Running\n", f"  phase: {GREEN}Running{OFF}\n"),
        ("ImagePullBackOff", f"{RED}ImagePullBackOff{OFF}"),
        ('Error from server (NotFound): pods "a"\n', f'{RED}Error from server{OFF} (NotFound): pods "a"\n'),
        ("error: unknown command\n", f"{RED}error:{OFF} unknown command\n"),
        ("kubesim: no\n", f"{ASIDE}kubesim:{OFF} no\n"),
    ],
)
def test_coloured(plain: str, coloured: str) -> None:
    assert ansi.colour(plain) == coloured
    assert ansi.strip(coloured) == plain


@pytest.mark.parametrize(
    "text",
    [
        "Failed to pull image\n",
        "Running-pod   1/1\n",
        "NotRunning   1\n",
        "it says error: no\n",
        "\x1b[1mRunning\x1b[0m\n",
    ],
)
def test_left_alone(text: str) -> None:
    assert ansi.colour(text) == text
