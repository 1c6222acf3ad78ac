"""The cause of a failed pull: the first row of causes.yaml whose check applies and whose `needs` hold.

The checks are functions of checks.py and credentials.py. They return the words for the placeholders of their rows.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from kubesim.api.objects import name_of
from kubesim.pull.attempt import NEVER
from kubesim.why.judge.causes_table import causes
from kubesim.why.judge.checks import CHECKS
from kubesim.why.judge.commands import Command, argument, fill, quote
from kubesim.why.judge.facts import Facts
from kubesim.why.judge.words import Known, Words, first_that_holds
from kubesim.why.read.signs_table import signs
from kubesim.why.tables import Verdict

# Checks with rows for several kinds of replies. Their causes are named after the kind.
_BY_KIND = ("answer", "refused", "unseen_list")
# A placeholder for the name of an image or a registry.
_NAMES = re.compile(r"\{(?:image|asked|registry|repository)\}")
_MOST_OTHERS = 2
# Names in sentences where the facts have a placeholder for a command, such as '<image>'.
_UNNAMED = {"image": "the image", "asked": "the registry", "registry": "the registry", "paused": "its image"}
# The first letter of such a description at the beginning of a sentence.
_DESCRIBED = re.compile(rf"(?:\A|(?<=[.?!] ))\w(?={'|'.join(text[1:] for text in _UNNAMED.values())})")


class Cause(NamedTuple):
    """The hop where the cause lies, the problem in words, and the commands (or files) that fix it.

    `grade` is the certainty: "certain", "likely", or "one" of several. `others` are the alternatives, `tell` is a
    command that tells them apart, and `ask` a question whose answer does. `recipe` is a section of docs/recipes.md.
    `name` identifies the cause: its check or, for the checks in _BY_KIND, the kind of the reply.
    """

    hop: str
    problem: str
    fix: tuple[str, ...]
    grade: str = "certain"
    tell: str = ""
    ask: str = ""
    others: tuple[Cause, ...] = ()
    recipe: str = ""
    name: str = ""

    @property
    def title(self) -> str:
        """The title of the hop."""
        return causes().titles[self.hop]


def find_cause(facts: Facts) -> Cause | None:
    """The cause of a failed pull; None if nothing failed, or if the kubelet's next attempt will succeed."""
    if facts.has_image:
        return None
    early = _first(causes().before_the_pull, facts)
    if early or facts.trace is None or will_recover(facts):
        return early
    return _first(causes().after_a_failed_pull, facts)


def will_recover(facts: Facts) -> bool:
    """True if the last attempt failed and the kubelet's next one will succeed without a fix."""
    failed = facts.trace is not None and not facts.has_image
    return failed and facts.container.get("imagePullPolicy") != NEVER and facts.would_pull(facts.secrets)


def _first(stage: tuple[Verdict, ...], facts: Facts) -> Cause | None:
    """The cause of the first row whose check applies and whose `needs` hold."""
    results: dict[str, Known | None] = {}  # by check, because several rows share one
    for row in stage:
        if row.check not in results:
            results[row.check] = CHECKS[row.check](facts)
        given = results[row.check]
        if given is not None and _holds(row, words := Words(facts, given)):
            return _cause(_decided(row, facts), facts, words)._replace(name=_name(row, facts))
    return None


def _name(row: Verdict, facts: Facts) -> str:
    """The name of a row's cause: its check, or the kind of the reply."""
    if row.check not in _BY_KIND or not facts.kind:
        return row.check
    is_private = row.check == "unseen_list" and facts.scene.answer == "no"  # it doesn't come without a login
    return "nothing_listed" if is_private or facts.kind == "anonymous" else facts.kind


def _holds(row: Verdict, words: Words) -> bool:
    return all(words[need] for need in row.needs)


def _decided(row: Verdict, facts: Facts) -> Verdict:
    """The row's verdict, replaced by that of the reply's kind (`of_sign`) or by that of the reader's answer (`ask`)."""
    reply = facts.reply
    if row.of_sign and reply and (verdict := reply.row.verdict):
        return verdict._replace(also=(*row.also, *verdict.also), grade=reply.grade or verdict.grade)
    if row.ask and facts.scene.answer:
        answered = row.ask.yes if facts.scene.answer == "yes" else row.ask.no
        return answered._replace(hop=row.hop, grade="likely")
    return row


def _may_be_no_pull(row: Verdict, facts: Facts) -> bool:
    """True for a verdict about an image or a registry that the message doesn't name: it may be another program's."""
    names_any = bool(facts.image or facts.asking.host)
    return facts.source == "message" and not names_any and bool(_NAMES.search(row.problem))


def _cause(row: Verdict, facts: Facts, words: Words) -> Cause:
    """The cause of a row, with the words in its sentences and commands."""
    sentences = [row.problem, *(causes().sentences[word] for word in row.also if words[word])]
    can_run_tell = facts.is_node or not row.tell.startswith("kubectl ")  # docker's machine may belong to no cluster
    others = [other for other in row.others if facts.scene.is_export and _holds(other, words)][:_MOST_OTHERS]
    fix = [command(facts, *(argument(part, words) for part in call), words=words) for call in row.fix]
    spoken = _without_placeholders(words)
    return Cause(
        hop=row.hop,
        problem=" ".join(_capitalized(_for_machine(text, words).format_map(spoken)) for text in sentences),
        fix=tuple(filter(None, fix)),
        grade=_grade(row, facts, has_others=bool(others)),
        tell=fill(_for_machine(row.tell, words), words) if can_run_tell else "",
        ask=_asked(row.ask.text, words) if row.ask and facts.scene.is_export else "",
        others=tuple(_cause(other._replace(hop=row.hop), facts, words) for other in others),
        recipe=row.recipe,
    )


def _without_placeholders(words: Words) -> Words:
    """The words for a sentence, in which an unknown name is described."""
    unnamed = {name: text for name, text in _UNNAMED.items() if name in words and str(words[name]).startswith("'<")}
    return words.adding(unnamed)


def _capitalized(text: str) -> str:
    """Sentences with a capital letter where a description takes the place of a name at their beginning."""
    return _DESCRIBED.sub(lambda letter: letter[0].upper(), text)


def _grade(row: Verdict, facts: Facts, *, has_others: bool) -> str:
    """The certainty of a row's cause for these facts."""
    if row.grade == "certain" and (facts.is_silent or has_others or _may_be_no_pull(row, facts)):
        return "likely"
    is_known = facts.reply is not None and facts.kind != "other"
    return "likely" if row.grade == "one" and is_known and not has_others else row.grade


def _for_machine(text: str, words: Words) -> str:
    """A text of causes.yaml; if a client pulls, with words for its machine instead of those for a node.

    For a node on one's own machine, it says how to get there.
    """
    for tool, enter in causes().into_a_node.items():
        if words[tool] and words["is_partial"] and not words["client"]:
            text = text.replace("# on the node", f"# on the node ({enter})")
    if words["client"]:
        is_on_node = signs().clients[words["client"]].on_node
        spoken = causes().by_a_client if is_on_node else {**causes().by_a_client, **causes().on_a_machine}
        for node, machine in spoken.items():
            text = text.replace(node, machine)
    return text


def _asked(question: str, words: Words) -> str:
    """A question. The image is quoted, because a question may have a command in it."""
    return question.format_map(words.adding({"image": quote(words["image"], "image")}))


def command(facts: Facts, name: str, *arguments: str, words: Words | None = None) -> str:
    """The command of causes.yaml with that name, for these facts. The arguments replace {a}, {b} and {c}."""
    more = {
        "target": facts.workload or Command(f"pod/{quote(name_of(facts.pod), 'pod')}"),
        "workload": Command(" ".join(quote(part, "workload") for part in facts.workload.split("/", 1))),
        "old": facts.image,
        **dict(zip("abc", arguments, strict=False)),
    }
    filled = (words or Words(facts)).adding(more)
    text = _for_machine(first_that_holds(causes().commands[name], filled), filled)
    return fill(text, filled)
