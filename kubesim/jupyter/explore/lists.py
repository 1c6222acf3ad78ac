"""The explorable `lists`: a Pod, its ServiceAccount, and the list of pull secrets that the Pod ends up with."""

from __future__ import annotations

from collections.abc import Sequence

from kubesim.gotext import tabwriter
from kubesim.jupyter.explore.card import Shown, code, marked, table
from kubesim.jupyter.markup import inline, listing
from kubesim.jupyter.screen import status_sign
from kubesim.lessons.explore import ON, Values, load_explorables
from kubesim.lessons.explore.lists import ACCOUNT, NAME, play

_HEADS = ["Where", "Pull secrets"]


def look(values: Values) -> Shown:
    """Render the outcome for a Pod with or without a list of its `own`, with or without an `inherited` one.

    The value `moment` says whether the Pod is created before or after its ServiceAccount gets the list.
    """
    explorable = load_explorables()["lists"]
    is_late = values["moment"] == "before"
    outcome = play(explorable, own=values["own"] == ON, inherited=values["inherited"] == ON, is_late=is_late)
    why = explorable.says[outcome.why]
    lists = {
        f"ServiceAccount {ACCOUNT}": outcome.account,
        "Manifest of the Pod": outcome.manifest,
        f"Pod {NAME}, as created": outcome.pod,
    }
    status = outcome.status
    rows = [(name, ", ".join(map(code, names)) or "none") for name, names in lists.items()]
    page = (
        f"{table(_HEADS, rows, ['', '', 'ks-hit'])}<p>{inline(why)}</p>"
        f"<p>STATUS {marked(status_sign(status), f'<b>{status}</b>')}</p>"
        f'<div class="ks-elsewhere"><p>These commands were run:</p>{listing(outcome.commands)}</div>'
    )
    commands = [f"  $ {command}" for command in outcome.commands]
    text = "\n".join([_text_table(lists), why, f"STATUS {status_sign(status)} {status}", *commands])
    news = f"The Pod has {_named(outcome.pod)}. {why} STATUS {status}."
    return Shown(page, text, news, outcome.reached())


def _named(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"


def _text_table(lists: dict[str, Sequence[str]]) -> str:
    rows = [[name, _named(names)] for name, names in lists.items()]
    return tabwriter.format([_HEADS, *rows], minwidth=0, padding=2).rstrip("\n")
