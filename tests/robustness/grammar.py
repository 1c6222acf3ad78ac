"""Command lines from the grammar in grammar.yaml. Most of them are valid, and few take much work."""

from __future__ import annotations

import random
import re
from pathlib import Path

from kubesim.api import load_yaml

# For each name, the texts that it stands for. `<name>` in a text is replaced.
GRAMMAR = load_yaml(Path(__file__).with_suffix(".yaml"))
_NAME = re.compile(r"<([a-z_]+)>")
# The depth from which on each name becomes its first text, which has to lead to an end.
_DEEPEST = 12


def sentence(dice: random.Random, name: str, depth: int = 0) -> str:
    """A random text that `name` stands for. `depth` counts the replacements around it."""
    choices = GRAMMAR[name]
    text = str(choices[0] if depth > _DEEPEST else dice.choice(choices))
    return _NAME.sub(lambda inner: sentence(dice, inner[1], depth + 1) if inner[1] in GRAMMAR else inner[0], text)
