"""Explanations of pasted texts: `explain_export` reads, masks, judges and groups; `explain_as_text` renders the result.

An export knows only the Pods' statuses and, if exported, events. From these, judge/reported.py rebuilds the traces that
the simulated kubelet has, so the same judge and flow serve both.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import NamedTuple

from kubesim.api.objects import Object, name_of, namespace_of
from kubesim.api.resources import EVENT, POD, SECRET, Resource
from kubesim.why.hide.masks import Masks
from kubesim.why.hide.redact import printable
from kubesim.why.judge.derived import listed
from kubesim.why.judge.facts import Facts, facts_of
from kubesim.why.judge.reported import ReportedRegistries, traces
from kubesim.why.judge.scene import Scene, seconds
from kubesim.why.read.load import ExportError, Kept, load_all
from kubesim.why.read.text import MOST_CAUSES
from kubesim.why.tell import report
from kubesim.why.tell.hops import draw_facts
from kubesim.why.tell.markdown import prose
from kubesim.why.tell.report import Flow

MAX_STORIES = 20


class Export:
    """The objects of an export, and the events of each Pod, oldest first."""

    def __init__(self, objects: Iterable[tuple[Resource, Object]]) -> None:
        self._objects: defaultdict[tuple[Resource, str], dict[str, Object]] = defaultdict(dict)
        self.events: defaultdict[tuple[str, str], list[Object]] = defaultdict(list)
        for resource, obj in objects:
            if resource is EVENT:
                self.events[namespace_of(obj), obj.get("involvedObject", {}).get("name", "")].append(obj)
            else:
                self._objects[resource, namespace_of(obj)][name_of(obj)] = obj
        for events in self.events.values():
            events.sort(key=lambda event: str(event["lastTimestamp"]))

    def find(self, resource: Resource, namespace: str, name: str) -> Object | None:
        return self._objects[resource, namespace].get(name)

    def list(self, resource: Resource, namespace: str | None = None) -> list[Object]:
        if namespace is not None:
            return [*self._objects[resource, namespace].values()]
        return [obj for (kind, _), objects in self._objects.items() if kind is resource for obj in objects.values()]

    def now(self) -> float:
        """The latest time in the objects, in seconds of the epoch, taken as the time of the export; 0 without times."""
        stamps = [event["lastTimestamp"] for events in self.events.values() for event in events]
        for pod in self.list(POD):
            stamps += [pod["metadata"]["creationTimestamp"]]
            stamps += [item.get("lastTransitionTime", "") for item in pod.get("status", {}).get("conditions", ())]
        return max(map(seconds, stamps), default=0)


class Explanations(NamedTuple):
    """The explanations of an export: a flow for each group of containers with the same cause.

    `fine` names the Pods that wait for no image, and `rest` counts the groups beyond MAX_STORIES.
    """

    flows: list[Flow]
    fine: Sequence[str] = ()
    rest: int = 0
    unread: int = 0
    """The number of lines about images, or of waiting Pods, that were left out of a long text."""

    @property
    def question(self) -> str:
        """The question of the only cause that asks one; "" if none or several ask."""
        questions = [flow.cause.ask for flow in self.flows if flow.cause and flow.cause.ask]
        return questions[0] if len(questions) == 1 else ""

    def render(self, form: str = "text", *, whole: bool = False, width: int = 0) -> str:
        """All explanations in one of report.FORMS, with a line end.

        Text has one line for each alternative, unless `whole`. Its sentences are wrapped at `width`, if that isn't 0.
        """
        if form == "json":
            explanations = [report.as_object(flow) for flow in self.flows]
            known = {"explanations": explanations, "fine": self.fine, "left_out": self.rest, "unread": self.unread}
            return f"{report.as_json(known)}\n"
        write = partial(Flow.why, whole=whole, width=width) if form == "text" else report.FORMS[form]
        stories = [write(flow) for flow in self.flows]
        footer = map(prose, self.footer()) if form == "markdown" else self.footer()
        return "\n\n".join([*stories, *footer]) + "\n"

    def footer(self) -> Iterator[str]:
        """The lines below the explanations, about Pods that wait for no image and about everything left out."""
        if self.fine:
            yield f"Pods that wait for no image: {listed(self.fine)}"
        if self.rest:
            at_least = "at least " if self.rest >= MOST_CAUSES - MAX_STORIES else ""
            waits = "waits" if self.rest == 1 else "wait"
            yield f"And {at_least}{self.rest} more that {waits} for an image: ask for one with --pod NAME"
        if self.unread:
            parts = "1 part of it wasn't" if self.unread == 1 else f"{self.unread} parts of it weren't"
            yield f"kubesim: the text is long, so {parts} read: give the part that matters"


def explain_as_text(
    texts: str | Sequence[str | bytes], pod: str = "", form: str = "text", answer: str = "", *, whole: bool = False
) -> str:
    """Explain the failed pulls in pasted texts, of all Pods or of those with the name `pod`, in one of report.FORMS.

    `texts` are one or more files: YAML or JSON, output of describe or events, or a message. Pods with the same cause
    are explained once. `answer` is the reader's answer to an explanation's question: "yes", "no" or "". `whole` adds
    checks and fixes of the alternatives, and the steps. Raises ExportError.
    """
    return explain_export([texts] if isinstance(texts, str) else texts, pod, answer).render(form, whole=whole)


def explain_export(
    texts: Sequence[str | bytes], pod: str = "", answer: str = "", *, has_secrets: bool = False
) -> Explanations:
    """The explanations of the failed pulls in pasted texts; see `explain_as_text`. Raises ExportError.

    With `has_secrets`, the texts are taken to have all Secrets of the cluster, so a missing one doesn't exist.
    """
    scene = read_export(texts, pod)
    scene = replace(scene, answer=answer, knows_secrets=scene.knows_secrets or has_secrets)
    pods = [item for item in scene.api.list(POD) if pod in ("", name_of(item))]
    if not pods:
        raise ExportError(f"there is no Pod {printable(pod)} in it" if pod else "there is no Pod in it")
    every = [facts for item in pods for facts in facts_of(scene, item)]
    waiting = [facts for facts in every if not facts.has_image]
    fine: list[str] = []
    if len(pods) > 1 and not pod:
        busy = {id(facts.pod) for facts in waiting}
        fine = [f"{namespace_of(item)}/{name_of(item)}" for item in pods if id(item) not in busy]
    groups = _alike(waiting if waiting or fine else every)
    return Explanations(
        flows=[draw_facts(facts[0], _others(facts)) for facts in groups[:MAX_STORIES]],
        fine=fine,
        rest=max(len(groups) - MAX_STORIES, 0),
        unread=max(int(item.get("unread") or 0) for item in pods),
    )


def _alike(waiting: Iterable[Facts]) -> list[list[Facts]]:
    """Group containers by their cause, in the order of their first one."""
    groups: defaultdict[object, list[Facts]] = defaultdict(list)
    for facts in waiting:
        groups[_deciding(facts)].append(facts)
    return list(groups.values())


def _deciding(facts: Facts) -> tuple[object, ...]:
    """The key of a container's group: the kind of answer and its host, and as far as they matter, Secrets and image.

    A refusal depends on namespace, Secrets and account; other answers on the image as well. A failure of node or
    registry depends on neither.
    """
    reply = facts.reply
    outcome = facts.trace.outcome if facts.trace and not facts.attempts else ""
    answered = facts.kind, facts.asking.host, outcome
    if reply and reply.row.verdict and reply.row.verdict.hop in ("kubelet", "registry"):
        return answered
    to_whom = *answered, facts.namespace, tuple(facts.names), facts.account
    if facts.is_refused:
        return to_whom
    return *to_whom, facts.image, reply and reply.words.get("secret")


def _others(group: list[Facts]) -> list[str]:
    """The names of a group's Pods after the first one, each once, with the namespace if it is another one."""
    names: dict[str, None] = {}
    for facts in group:
        place = "" if facts.namespace == group[0].namespace else f"{facts.namespace}/"
        for name in (name_of(facts.pod), *facts.pod.get("same", ())):
            names[f"{place}{name}"] = None
    return list(names)[1:]


def read_export(texts: Sequence[str | bytes], pod: str = "") -> Scene:
    """The scene of an export for the judge, with its passwords masked. Raises ExportError.

    If `pod` is one of several Pods that a text reports as one object, the object gets that name.
    """
    masks = Masks()
    objects = _joined(list(_standing_for(list(load_all(texts)), pod)))
    hidden = [(resource, masks.hide_secret(obj) if resource is SECRET else obj) for resource, obj in objects]
    export = Export((resource, masks.mask_object(obj)) for resource, obj in hidden)
    registries = ReportedRegistries()
    scene = Scene(
        api=export,
        traces={},
        registries=registries,
        is_export=True,
        events=export.events,
        now=export.now(),
        knows_secrets=bool(export.list(SECRET)),
        oddities=masks.oddities,
        mask=masks.mask_text,
    )
    for item in export.list(POD):
        for trace in traces(scene, item, registries):
            scene.traces[trace.namespace, trace.pod, trace.container] = trace
    return scene


def _standing_for(objects: list[Kept], pod: str) -> Iterator[Kept]:
    """The objects, with `pod` as the name of a partial Pod that stands for several, if it is one of them.

    Its events are renamed, too.
    """
    renamed = {_place(obj) for _, obj in objects if pod in obj.get("same", ())}
    for resource, obj in objects:
        about = obj.get("involvedObject", {})
        if pod in obj.get("same", ()):
            others = [name_of(obj), *(name for name in obj["same"] if name != pod)]
            obj = _together(obj, [pod, *others])
        elif (namespace_of(obj), about.get("name")) in renamed:
            obj = {**obj, "involvedObject": {**about, "name": pod}}
        yield resource, obj


def _joined(objects: list[Kept]) -> Iterator[Kept]:
    """The objects, with partial Pods turned into events of the exported Pods of the same name, from any of the files.

    Partial Pods of other names stay. Each exported Pod gets the largest `unread`.
    """
    exported = {_place(obj) for resource, obj in objects if resource is POD and not obj["partial"]}
    unread = max((int(obj.get("unread") or 0) for _, obj in objects), default=0)
    for resource, obj in objects:
        if not obj.get("partial"):
            yield resource, {**obj, "unread": unread} if resource is POD else obj
            continue
        others = []
        for name in (name_of(obj), *obj.get("same", ())):
            if (namespace_of(obj), name) in exported:
                yield from _events_of(obj, name)
            else:
                others.append(name)
        if others:
            yield resource, _together(obj, others)


def _together(pod: Object, names: list[str]) -> Object:
    """The partial Pod under the first of `names`, with the others in `same`."""
    return {**pod, "metadata": {**pod["metadata"], "name": names[0]}, "same": names[1:]}


def _events_of(pod: Object, name: str) -> Iterator[Kept]:
    """The messages of a partial Pod's waiting containers, as events of the Pod `name`.

    Their empty time sorts them before all events with a time.
    """
    about = {"namespace": namespace_of(pod), "name": name}
    for status in chain.from_iterable(pod["status"].values()):
        if message := status.get("state", {}).get("waiting", {}).get("message"):
            yield EVENT, {"metadata": about, "involvedObject": about, "message": message, "lastTimestamp": ""}


def _place(obj: Object) -> tuple[str, str]:
    return namespace_of(obj), name_of(obj)
