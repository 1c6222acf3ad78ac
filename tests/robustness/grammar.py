"""Lines that people may type, made from the grammar in grammar.yaml: most of them are right, and few ask for much."""

from __future__ import annotations

import random
import re
from pathlib import Path

from kubesim.api import load_yaml

GRAMMAR = load_yaml(Path(__file__).with_suffix(".yaml"))
_NAME = re.compile(r"<([a-z_]+)>")
_DEEPEST = 12


def sentence(dice: random.Random, name: str, depth: int = 0) -> str:
    """A text of a name of the grammar."""
    choices = GRAMMAR[name]
    text = str(choices[0] if depth > _DEEPEST else dice.choice(choices))
    return _NAME.sub(lambda inner: sentence(dice, inner[1], depth + 1) if inner[1] in GRAMMAR else inner[0], text)
