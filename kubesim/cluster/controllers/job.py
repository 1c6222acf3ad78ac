"""The Job controller: Pods until enough of them have succeeded, or too many have failed.

Mirrors kubernetes pkg/controller/job/{job_controller,backoff_utils}.go, v1.36. A Job can't be suspended.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import NamedTuple, Self

from kubesim.api.clock import SECOND, Clock, Micros, parse_time
from kubesim.api.objects import Object, find_condition, metadata, name_of, namespace_of
from kubesim.api.resources import JOB
from kubesim.api.sharing import Shared
from kubesim.cluster.apiserver import Change, Component
from kubesim.cluster.controllers.base import BURST, Controller, Key, active_pods, is_deleted, is_ready

FIRST_BACKOFF, LAST_BACKOFF = 10.0, 600.0  # seconds until a failed Pod is replaced; twice as long each time


class End(NamedTuple):
    """Why a Job ends: the reason and message of its conditions; whether it has done what it is for."""

    reason: str
    message: str
    succeeded: bool = False

    @property
    def conditions(self) -> tuple[str, str]:
        """The condition that comes first, while Pods still end, and the final one."""
        return ("SuccessCriteriaMet", "Complete") if self.succeeded else ("FailureTarget", "Failed")


_COMPLETED = End("CompletionsReached", "Reached expected number of succeeded pods", succeeded=True)
_LIMIT = End("BackoffLimitExceeded", "Job has reached the specified backoff limit")
_DEADLINE = End("DeadlineExceeded", "Job was active longer than specified deadline")


def finished(job: Object) -> str:
    """Complete or Failed, or "" for a Job that is neither."""
    return next((kind for kind in ("Complete", "Failed") if find_condition(job, kind) == "True"), "")


@dataclass
class _Tally:
    """The Pods of a Job that were counted, by their uids, those that were gone before that, and its failures since it
    last succeeded.
    """

    counted: set[str] = field(default_factory=set)
    gone: list[Object] = field(default_factory=list)
    failures: int = 0
    last_failure: Micros = 0

    def copy(self) -> _Tally:
        return replace(self, counted=set(self.counted), gone=list(self.gone))

    def count(self, pods: Iterable[Object], status: Object) -> None:
        """Add those that have succeeded or failed, and weren't counted yet, to a Job's status."""
        for pod in pods:
            outcome, uid = _outcome(pod), metadata(pod)["uid"]
            if not outcome or uid in self.counted:
                continue
            self.counted.add(uid)
            status[outcome] += 1
            if outcome == "failed":
                self.failures += 1
                self.last_failure = max(self.last_failure, _ended(pod))
            else:
                self.failures = 0

    def wait(self, now: Micros) -> float:
        """The seconds until another Pod is made."""
        if self.failures == 0:
            return 0
        delay = min(FIRST_BACKOFF * 2.0 ** min(self.failures - 1, 10), LAST_BACKOFF)
        return delay - (now - self.last_failure) / SECOND


class JobController(Controller):
    """Creates the Pods of Jobs, replaces those that failed, and says when a Job is done."""

    resource = JOB
    batch = 1.0

    def __init__(self, api: Component, clock: Clock) -> None:
        super().__init__(api, clock)
        self._tallies: Shared[Key, _Tally] = Shared(_Tally.copy)

    def resume(self, other: Self) -> None:
        super().resume(other)
        self._tallies.share(other._tallies)

    def _on_owned(self, change: Change) -> None:
        super()._on_owned(change)
        if change.type != "DELETED":
            return
        now = {"deletionTimestamp": self.clock.timestamp(), "deletionGracePeriodSeconds": 0}
        gone = {**change.obj, "metadata": {**now, **metadata(change.obj)}}
        for reference in metadata(gone).get("ownerReferences", ()):
            key = (namespace_of(gone), reference["name"])
            if self.api.find(JOB, *key):
                self._tallies.own_or(key, _Tally).gone.append(gone)
            else:
                self._tallies.drop(key)

    def sync(self, job: Object, pods: list[Object]) -> None:
        if finished(job):
            return
        tally = self._tallies.own_or((namespace_of(job), name_of(job)), _Tally)
        status = {"succeeded": 0, "failed": 0, **job["status"]}
        status.setdefault("startTime", self.clock.timestamp())
        tally.count([*pods, *tally.gone], status)
        tally.gone = []
        end = self._end(job, status, pods)
        if end and not end.succeeded:  # Pods that are deleted now have failed, too
            active = active_pods(pods)
            tally.counted.update(metadata(pod)["uid"] for pod in active)
            status["failed"] += len(active)
        self._scale(job, pods, 0 if end else _desired(job, status), tally.wait(self.clock.now))
        self._report(job, status, end)

    def _end(self, job: Object, status: Object, pods: list[Object]) -> End | None:
        """Why the Job ends; None while it goes on."""
        for condition in status.get("conditions", ()):
            if condition["type"] == "FailureTarget":
                return End(condition["reason"], condition["message"])
        spec = job["spec"]
        if _is_complete(job, status, pods):
            return _COMPLETED
        if status["failed"] > spec["backoffLimit"] or _retries(job, pods) >= max(1, spec["backoffLimit"]):
            return _LIMIT
        if (limit := spec.get("activeDeadlineSeconds")) is not None:
            left = limit - (self.clock.now - parse_time(status["startTime"])) / SECOND
            if left <= 0:
                return _DEADLINE
            self.add(job, left)
        return None

    def _scale(self, job: Object, pods: list[Object], desired: int, wait: float) -> None:
        active = active_pods(pods)
        for pod in active[desired:]:
            self.delete_pod(job, pod)
        missing = desired - len(active)
        if missing > 0 and wait > 0:
            self.add(job, wait)
            return
        for _ in range(min(missing, BURST)):
            if not self.create_pod(job):
                return

    def _report(self, job: Object, status: Object, end: End | None) -> None:
        pods = self.owned_by(job)
        active = active_pods(pods)
        terminating = sum(map(is_deleted, pods))
        status |= {"active": len(active), "ready": sum(map(is_ready, active)), "terminating": terminating}
        status["uncountedTerminatedPods"] = {}
        if end:
            self._report_end(job, status, end, is_done=not active and not terminating)
        counts = {key: status.pop(key) for key in ("active", "succeeded", "failed")}
        self.report(job, status, **counts)

    def _report_end(self, job: Object, status: Object, end: End, is_done: bool) -> None:
        """Add the conditions of a Job that ends, and once all its Pods have, record the event."""
        conditions = list(status.get("conditions", ()))
        first, final = end.conditions
        for kind in (first, final) if is_done else (first,):
            if all(item["type"] != kind for item in conditions):
                conditions.append(self._condition(kind, end))
        status["conditions"] = conditions
        if is_done and end.succeeded:
            status["completionTime"] = self.clock.timestamp()
            self.record(job, "Completed", "Job completed")
        elif is_done:
            self.record(job, end.reason, end.message, "Warning")

    def _condition(self, kind: str, end: End) -> Object:
        now = self.clock.timestamp()
        times = {"lastProbeTime": now, "lastTransitionTime": now}
        return {**times, "message": end.message, "reason": end.reason, "status": "True", "type": kind}


def _is_complete(job: Object, status: Object, pods: list[Object]) -> bool:
    """Whether as many Pods have succeeded as the Job asks for; without a number one is enough, once all have ended."""
    completions = job["spec"].get("completions")
    if completions is None:
        return status["succeeded"] > 0 and not active_pods(pods)
    return bool(status["succeeded"] >= completions)


def _retries(job: Object, pods: list[Object]) -> int:
    """How often containers were started again in Pods that stay."""
    if job["spec"]["template"]["spec"]["restartPolicy"] != "OnFailure":
        return 0
    statuses = [item for pod in active_pods(pods) for item in pod["status"].get("containerStatuses", ())]
    return sum(item["restartCount"] for item in statuses)


def _desired(job: Object, status: Object) -> int:
    """How many Pods are to run while the Job goes on."""
    completions, parallelism = job["spec"].get("completions"), int(job["spec"]["parallelism"])
    if completions is None:
        return 0 if status["succeeded"] else parallelism
    return int(min(parallelism, completions - status["succeeded"]))


def _outcome(pod: Object) -> str:
    """The field of a Job's status that counts a Pod; one that was deleted before it was done has failed."""
    phase: str = pod["status"]["phase"]
    if phase in ("Succeeded", "Failed"):
        return phase.lower()
    return "failed" if is_deleted(pod) else ""


def _ended(pod: Object) -> Micros:
    """When the last container of a Pod has ended, or it was deleted. Mirrors pkg/controller/job/backoff_utils.go."""
    states = [item["state"].get("terminated", {}) for item in pod["status"].get("containerStatuses", ())]
    ends = [parse_time(state["finishedAt"]) for state in states if state.get("finishedAt")]
    meta = metadata(pod)
    if is_deleted(pod) and not ends:
        grace: int = meta["deletionGracePeriodSeconds"]
        return parse_time(meta["deletionTimestamp"]) - grace * SECOND
    return max(ends, default=0)
