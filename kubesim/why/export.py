"""What kubectl printed of some cluster, explained by the same flow.

Of what happened there only the Pods' statuses, and the events if exported, are known.
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
from kubesim.why.judge.facts import Facts, facts_of, seconds
from kubesim.why.judge.reported import ReportedRegistries, traces
from kubesim.why.judge.scene import Scene
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
        """The latest time in it, in seconds of the epoch; 0 where there is none."""
        stamps = [event["lastTimestamp"] for events in self.events.values() for event in events]
        for pod in self.list(POD):
            stamps += [pod["metadata"]["creationTimestamp"]]
            stamps += [item.get("lastTransitionTime", "") for item in pod.get("status", {}).get("conditions", ())]
        return max(map(seconds, stamps), default=0)


class Explained(NamedTuple):
    """What an export tells: a flow for each cause, the Pods that wait for no image, and what is left out."""

    flows: list[Flow]
    fine: list[str]
    rest: int
    unread: int = 0
    """Lines about images (or Pods that wait), of a long text, that weren't read."""

    @property
    def question(self) -> str:
        """What an answer would decide; "" if nothing, or if several causes ask."""
        questions = [flow.cause.ask for flow in self.flows if flow.cause and flow.cause.ask]
        return questions[0] if len(questions) == 1 else ""

    def told(self, form: str = "text", *, whole: bool = False, width: int = 0) -> str:
        """All of it, in one of report.FORMS; as text, alternatives are a line each, unless `whole`.

        Sentences of a text are wrapped at `width`, if given.
        """
        if form == "json":
            explanations = [report.as_object(flow) for flow in self.flows]
            known = {"explanations": explanations, "fine": self.fine, "left_out": self.rest, "unread": self.unread}
            return f"{report.as_json(known)}\n"
        write = partial(Flow.why, whole=whole, width=width) if form == "text" else report.FORMS[form]
        stories = [write(flow) for flow in self.flows]
        rests = map(prose, self.rests()) if form == "markdown" else self.rests()
        return "\n\n".join([*stories, *rests]) + "\n"

    def rests(self) -> Iterator[str]:
        """A line for the Pods that wait for no image, and one for those that are left out."""
        if self.fine:
            yield f"Pods that wait for no image: {report.listed(self.fine, MAX_STORIES)}"
        if self.rest:
            at_least = "at least " if self.rest >= MOST_CAUSES - MAX_STORIES else ""
            waits = "waits" if self.rest == 1 else "wait"
            yield f"And {at_least}{self.rest} more that {waits} for an image: ask for one with --pod NAME"
        if self.unread:
            parts = "1 part of it wasn't" if self.unread == 1 else f"{self.unread} parts of it weren't"
            yield f"kubesim: the text is long, so {parts} read: give the part that matters"


def explain(
    texts: str | Sequence[str | bytes], pod: str = "", form: str = "text", answer: str = "", *, whole: bool = False
) -> str:
    """The stories of the containers that wait for their image, of all Pods or of those called `pod`.

    `texts` are one or more files: YAML or JSON, the text of describe or events, or a message. Pods with the same cause
    are explained once. `answer` is what the reader says to the question of an explanation: "yes" or "no". `whole` adds
    the checks and fixes of the alternatives, and the steps. Raises ExportError.
    """
    return explained([texts] if isinstance(texts, str) else texts, pod, answer).told(form, whole=whole)


def explained(texts: Sequence[str | bytes], pod: str = "", answer: str = "", *, has_secrets: bool = False) -> Explained:
    """The same, before it is put into words. Raises ExportError.

    With `has_secrets`, a Secret that isn't in the texts isn't in the cluster, even where they have no Secret at all.
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
    return Explained(
        flows=[draw_facts(facts[0], _others(facts)) for facts in groups[:MAX_STORIES]],
        fine=fine,
        rest=max(len(groups) - MAX_STORIES, 0),
        unread=max(int(item.get("unread") or 0) for item in pods),
    )


def _alike(waiting: Iterable[Facts]) -> list[list[Facts]]:
    """Those with the same cause, together."""
    groups: defaultdict[object, list[Facts]] = defaultdict(list)
    for facts in waiting:
        groups[_deciding(facts)].append(facts)
    return list(groups.values())


def _deciding(facts: Facts) -> tuple[object, ...]:
    """What decides a cause: who answered what, and where it matters, to whom, and about which image."""
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
    """The Pods of a group after the first one, each once; those of other namespaces with theirs."""
    names: dict[str, None] = {}
    for facts in group:
        place = "" if facts.namespace == group[0].namespace else f"{facts.namespace}/"
        for name in (name_of(facts.pod), *facts.pod.get("same", ())):
            names[f"{place}{name}"] = None
    return list(names)[1:]


def read_export(texts: Sequence[str | bytes], pod: str = "") -> Scene:
    """The scene that the files of an export describe, without its passwords. Raises ExportError.

    Of Pods of which a text says the same, `pod` stands for them all, if it is one of them.
    """
    masks = Masks()
    objects = _joined(list(_standing_for(list(load_all(texts)), pod)))
    hidden = [(resource, masks.hide(obj) if resource is SECRET else obj) for resource, obj in objects]
    export = Export((resource, masks.everywhere(obj)) for resource, obj in hidden)
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
        mask=masks.text,
    )
    for item in export.list(POD):
        for trace in traces(scene, item, registries):
            scene.traces[trace.namespace, trace.pod, trace.container] = trace
    return scene


def _standing_for(objects: list[Kept], pod: str) -> Iterator[Kept]:
    """The objects; one that a text says of Pods together, `pod` among them, gets that name, and so do its events."""
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
    """The objects; where a Pod is exported, what a text says of it, in whichever file, is an event of that one."""
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
    """`pod`, called by the first of `names`, of which a text says the same."""
    return {**pod, "metadata": {**pod["metadata"], "name": names[0]}, "same": names[1:]}


def _events_of(pod: Object, name: str) -> Iterator[Kept]:
    """What `pod`'s containers wait for, as events of the Pod `name`, older than those that have a time."""
    about = {"namespace": namespace_of(pod), "name": name}
    for status in chain.from_iterable(pod["status"].values()):
        if message := status.get("state", {}).get("waiting", {}).get("message"):
            yield EVENT, {"metadata": about, "involvedObject": about, "message": message, "lastTimestamp": ""}


def _place(obj: Object) -> tuple[str, str]:
    return namespace_of(obj), name_of(obj)
