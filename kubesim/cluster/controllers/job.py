"""The Job controller, which runs Pods until enough have succeeded or too many have failed.

Mirrors kubernetes pkg/controller/job/{job_controller,backoff_utils}.go, v1.36, without indexed Jobs, Pod failure
policies and the removal of finished Jobs.
"""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy
from math import inf
from typing import NamedTuple

from kubesim.api.clock import SECOND, Clock, Micros, parse_time
from kubesim.api.objects import Key, Object, find_condition, has_ended, is_deleted, key_of, metadata, namespace_of
from kubesim.api.resources import JOB
from kubesim.api.sharing import Shared
from kubesim.cluster.apiserver import Change, Component
from kubesim.cluster.controllers.base import BURST, Controller, active_pods, count_ready

# Seconds until a failed Pod is replaced, which double with each failure, up to the last.
FIRST_BACKOFF, LAST_BACKOFF = 10.0, 600.0


class JobOutcome(NamedTuple):
    """The reason for the end of a Job, with the message of its conditions."""

    reason: str
    message: str
    succeeded: bool = False

    @property
    def interim_condition(self) -> str:
        """The type of the condition while Pods are still terminating."""
        return "SuccessCriteriaMet" if self.succeeded else "FailureTarget"

    @property
    def final_condition(self) -> str:
        """The type of the condition that is added once all Pods have ended."""
        return "Complete" if self.succeeded else "Failed"


_COMPLETED = JobOutcome("CompletionsReached", "Reached expected number of succeeded pods", succeeded=True)
_LIMIT = JobOutcome("BackoffLimitExceeded", "Job has reached the specified backoff limit")
_DEADLINE = JobOutcome("DeadlineExceeded", "Job was active longer than specified deadline")


def end_of(job: Object) -> str:
    """The type of a finished Job's final condition, "Complete" or "Failed"; "" while the Job goes on."""
    for kind in ("Complete", "Failed"):
        if find_condition(job, kind) == "True":
            return kind
    return ""


class _Tally:
    """The controller's memory of a Job's Pods, beyond the Job's status."""

    def __init__(self) -> None:
        self.counted: set[str] = set()  # uids of Pods that the status already counts
        self.removed: list[Object] = []  # removed Pods that the next sync has to count
        self.failures = 0  # failed Pods since the last success
        self.last_failure: Micros = 0

    def copy(self) -> _Tally:
        tally = copy(self)
        tally.counted = self.counted.copy()
        tally.removed = self.removed.copy()
        return tally

    def count(self, pods: Iterable[Object], status: Object) -> None:
        """Add Pods that have ended, and aren't counted yet, to `status`, which is changed."""
        for pod in pods:
            count = _status_count(pod)
            uid = metadata(pod)["uid"]
            if not count or uid in self.counted:
                continue
            self.counted.add(uid)
            status[count] += 1
            if count == "failed":
                self.failures += 1
                self.last_failure = max(self.last_failure, _finished_at(pod))
            else:
                self.failures = 0

    def lose(self, pods: list[Object], status: Object) -> None:
        """Count active Pods as failed, which a failed Job will delete; `status` is changed."""
        self.counted.update(metadata(pod)["uid"] for pod in pods)
        status["failed"] += len(pods)

    def wait(self, now: Micros) -> float:
        """The seconds of back-off until the next Pod may be created; 0 or negative for none."""
        if self.failures == 0:
            return 0
        delay = min(FIRST_BACKOFF * 2.0 ** min(self.failures - 1, 10), LAST_BACKOFF)
        return delay - (now - self.last_failure) / SECOND


class JobController(Controller):
    """Creates the Pods of Jobs, replaces failed ones after a back-off, and reports the Job's end."""

    resource = JOB
    batch = 1.0

    def __init__(self, api: Component, clock: Clock) -> None:
        super().__init__(api, clock)
        self._tallies: Shared[Key, _Tally] = Shared(_Tally.copy)

    def _on_owned(self, change: Change) -> None:
        """Keep a removed Pod for the next count. Without its Job, the tally goes instead."""
        super()._on_owned(change)
        if change.type != "DELETED":
            return
        # A Pod removed without a grace period has no deletion time. With one, it counts as failed at this moment.
        deletion = {"deletionTimestamp": self.clock.timestamp(), "deletionGracePeriodSeconds": 0}
        removed = {**change.obj, "metadata": {**deletion, **metadata(change.obj)}}
        for reference in metadata(removed).get("ownerReferences", ()):
            key = (namespace_of(removed), reference["name"])
            if self.api.find(JOB, *key):
                self._tallies.own_or(key, _Tally).removed.append(removed)
            else:
                self._tallies.drop(key)

    def sync(self, job: Object, pods: list[Object]) -> None:
        """Sync a Job. The steps below complete `status` in turn, and each needs the ones before it.

        First ended Pods are counted, which decides about the Job's outcome. Then Pods are created, or deleted if the
        Job ends.
        """
        if end_of(job):
            return
        tally = self._tallies.own_or(key_of(job), _Tally)
        status = {"startTime": self.clock.timestamp(), "succeeded": 0, "failed": 0, **job["status"]}
        tally.count([*pods, *tally.removed], status)
        tally.removed = []
        limit = job["spec"].get("activeDeadlineSeconds")
        left = inf if limit is None else self.seconds_left(limit, status["startTime"])
        outcome = _outcome(job, status, pods, is_late=left <= 0)
        if outcome is None and left < inf:
            self.add(job, left)
        if outcome and not outcome.succeeded:
            tally.lose(active_pods(pods), status)
        desired = 0 if outcome else _desired(job, status)
        self._scale(job, pods, desired, tally.wait(self.clock.now))
        self._report(job, status, outcome)

    def _scale(self, job: Object, pods: list[Object], desired: int, wait: float) -> None:
        """Delete or create Pods until `desired` are active; creation has to `wait` so many seconds."""
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

    def _report(self, job: Object, status: Object, outcome: JobOutcome | None) -> None:
        pods = self.controlled_by(job)
        active = active_pods(pods)
        terminating = [pod for pod in pods if is_deleted(pod)]
        status["ready"] = count_ready(active)
        status["terminating"] = len(terminating)
        status["uncountedTerminatedPods"] = {}
        if outcome:
            self._report_outcome(job, status, outcome, is_done=not active and not terminating)
        self.report(job, status, active=len(active), succeeded=status["succeeded"], failed=status["failed"])

    def _report_outcome(self, job: Object, status: Object, outcome: JobOutcome, is_done: bool) -> None:
        """Add the conditions of the outcome to `status`, and record the event if `is_done`: all Pods have ended."""
        conditions = list(status.get("conditions", ()))
        kinds = [outcome.interim_condition]
        if is_done:
            kinds.append(outcome.final_condition)
        for kind in kinds:
            if all(item["type"] != kind for item in conditions):
                conditions.append(self._condition(kind, outcome.reason, outcome.message))
        status["conditions"] = conditions
        if is_done and outcome.succeeded:
            status["completionTime"] = self.clock.timestamp()
            self.emit_event(job, "Completed", "Job completed")
        elif is_done:
            self.emit_event(job, outcome.reason, outcome.message, "Warning")

    def _condition(self, kind: str, reason: str, message: str) -> Object:
        now = self.clock.timestamp()
        times = {"lastProbeTime": now, "lastTransitionTime": now}
        return {**times, "message": message, "reason": reason, "status": "True", "type": kind}


def _outcome(job: Object, status: Object, pods: list[Object], is_late: bool) -> JobOutcome | None:
    """The outcome of a Job, None while it continues. An outcome in the conditions stays while Pods terminate.

    `is_late`: its active deadline has passed.
    """
    for condition in status.get("conditions", ()):
        if condition["type"] == "SuccessCriteriaMet":
            return _COMPLETED
        if condition["type"] == "FailureTarget":
            return JobOutcome(condition["reason"], condition["message"])
    if status["failed"] > job["spec"]["backoffLimit"] or _is_past_backoff_limit_on_failure(job, pods):
        return _LIMIT
    if is_late:
        return _DEADLINE
    return _COMPLETED if _is_complete(job, status, pods) else None


def _is_complete(job: Object, status: Object, pods: list[Object]) -> bool:
    """True if spec.completions Pods have succeeded; without that field, one success after all Pods have ended."""
    completions = job["spec"].get("completions")
    if completions is None:
        return status["succeeded"] > 0 and not active_pods(pods)
    return bool(status["succeeded"] >= completions)


def _is_past_backoff_limit_on_failure(job: Object, pods: list[Object]) -> bool:
    """True if containers restarted too often in place, which only the restart policy OnFailure allows."""
    if job["spec"]["template"]["spec"]["restartPolicy"] != "OnFailure":
        return False
    restarts = 0
    for pod in pods:
        status = pod["status"]
        if not has_ended(pod):
            containers = [*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ())]
            restarts += sum(container["restartCount"] for container in containers)
    return bool(restarts >= max(1, job["spec"]["backoffLimit"]))


def _desired(job: Object, status: Object) -> int:
    """The number of Pods that should be active while the Job continues."""
    completions = job["spec"].get("completions")
    parallelism = int(job["spec"]["parallelism"])
    if completions is None:
        return 0 if status["succeeded"] else parallelism
    return int(min(parallelism, completions - status["succeeded"]))


def _status_count(pod: Object) -> str:
    """The field of a Job's status that counts a Pod: "succeeded", "failed", or "" for an active Pod.

    A Pod that is deleted before its end counts as failed.
    """
    if has_ended(pod):
        return str(pod["status"]["phase"]).lower()
    return "failed" if is_deleted(pod) else ""


def _finished_at(pod: Object) -> Micros:
    """The time at which a Pod's last container ended or, without one, the Pod's deletion was requested.

    Mirrors pkg/controller/job/backoff_utils.go.
    """
    states = [item["state"].get("terminated", {}) for item in pod["status"].get("containerStatuses", ())]
    times = [parse_time(state["finishedAt"]) for state in states if state.get("finishedAt")]
    meta = metadata(pod)
    if is_deleted(pod) and not times:
        grace: int = meta["deletionGracePeriodSeconds"]
        return parse_time(meta["deletionTimestamp"]) - grace * SECOND
    return max(times, default=0)
