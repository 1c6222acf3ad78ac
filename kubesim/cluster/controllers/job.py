"""The Job controller: Pods until enough of them have succeeded, or too many have failed.

Mirrors kubernetes pkg/controller/job/{job_controller,backoff_utils}.go and pkg/controller/ttlafterfinished, v1.36.
"""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy
from typing import NamedTuple

from kubesim.api.clock import SECOND, Clock, Micros, parse_time
from kubesim.api.objects import Key, Object, find_condition, has_ended, is_deleted, key_of, metadata, namespace_of
from kubesim.api.resources import JOB
from kubesim.api.sharing import Shared
from kubesim.cluster.apiserver import Change, Component
from kubesim.cluster.apiserver.deletion import DeleteOptions
from kubesim.cluster.controllers.base import BURST, Controller, active_pods, count_ready

FIRST_BACKOFF, LAST_BACKOFF = 10.0, 600.0  # seconds until a failed Pod is replaced; twice as long each time


class JobOutcome(NamedTuple):
    """Why a Job ends: the reason and message of its conditions; whether it has done what it is for."""

    reason: str
    message: str
    succeeded: bool = False

    @property
    def interim_condition(self) -> str:
        """The condition that says so while Pods still end."""
        return "SuccessCriteriaMet" if self.succeeded else "FailureTarget"

    @property
    def final_condition(self) -> str:
        """The condition that is added once all Pods have ended."""
        return "Complete" if self.succeeded else "Failed"


_COMPLETED = JobOutcome("CompletionsReached", "Reached expected number of succeeded pods", succeeded=True)
_LIMIT = JobOutcome("BackoffLimitExceeded", "Job has reached the specified backoff limit")
_DEADLINE = JobOutcome("DeadlineExceeded", "Job was active longer than specified deadline")


_FINAL = ("Complete", "Failed")


def finished(job: Object) -> str:
    """Complete or Failed, or "" for a Job that is neither."""
    for kind in _FINAL:
        if find_condition(job, kind) == "True":
            return kind
    return ""


class _Tally:
    """What a Job's status doesn't say of its Pods."""

    def __init__(self) -> None:
        self.counted: set[str] = set()  # the uids of those that are in the status
        self.gone: list[Object] = []  # those that were removed before they were counted
        self.failures = 0  # since one last succeeded
        self.last_failure: Micros = 0

    def copy(self) -> _Tally:
        tally = copy(self)
        tally.counted = self.counted.copy()
        tally.gone = self.gone.copy()
        return tally

    def count(self, pods: Iterable[Object], status: Object) -> None:
        """Add those that have succeeded or failed, and weren't counted yet, to a Job's status, which is changed."""
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
        """Count Pods as failed that will be deleted, because the Job has."""
        self.counted.update(metadata(pod)["uid"] for pod in pods)
        status["failed"] += len(pods)

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

    def _on_owned(self, change: Change) -> None:
        super()._on_owned(change)
        if change.type != "DELETED":
            return
        # A Pod that was removed at once has no time of deletion: with one, it counts as failed, and at that time.
        deletion = {"deletionTimestamp": self.clock.timestamp(), "deletionGracePeriodSeconds": 0}
        gone = {**change.obj, "metadata": {**deletion, **metadata(change.obj)}}
        for reference in metadata(gone).get("ownerReferences", ()):
            key = (namespace_of(gone), reference["name"])
            if self.api.find(JOB, *key):
                self._tallies.own_or(key, _Tally).gone.append(gone)
            else:
                self._tallies.drop(key)

    def sync(self, job: Object, pods: list[Object]) -> None:
        """Bring a Job further; `status` is completed step by step, and each step needs those before it.

        What has ended is counted, by which it is decided whether the Job ends; then its other Pods go or new ones come.
        """
        if finished(job):
            self._remove_after_ttl(job)
            return
        tally = self._tallies.own_or(key_of(job), _Tally)
        status = {"succeeded": 0, "failed": 0, **job["status"]}
        if not _is_suspended(job):
            status.setdefault("startTime", self.clock.timestamp())
        tally.count([*pods, *tally.gone], status)
        tally.gone = []
        outcome = self._outcome_of(job, status, pods)
        if outcome and not outcome.succeeded:
            tally.lose(active_pods(pods), status)
        desired = 0 if outcome else _desired(job, status)
        self._scale(job, pods, desired, tally.wait(self.clock.now))
        if outcome is None:
            self._note_suspension(job, status)
        self._report(job, status, outcome)

    def _note_suspension(self, job: Object, status: Object) -> None:
        """Where a Job has been suspended, or goes on after that, say so in its status and in an event."""
        is_suspended = _is_suspended(job)
        if is_suspended == (find_condition(job, "Suspended") == "True"):
            return
        word = "Suspended" if is_suspended else "Resumed"
        message = f"Job {word.lower()}"
        condition = self._condition("Suspended", f"Job{word}", message, status=str(is_suspended))
        others = [item for item in status.get("conditions", ()) if item["type"] != "Suspended"]
        status["conditions"] = [*others, condition]
        self.record(job, word, message)
        if is_suspended:
            status.pop("startTime", None)
        else:
            status["startTime"] = self.clock.timestamp()

    def _remove_after_ttl(self, job: Object) -> None:
        """Delete a Job that has ended, and its Pods, as soon as it says."""
        ttl = job["spec"].get("ttlSecondsAfterFinished")
        end = next(item for item in job["status"]["conditions"] if item["type"] in _FINAL)
        if ttl is not None and self.has_passed(job, ttl, end["lastTransitionTime"]):
            self.api.delete_object(JOB, job, DeleteOptions(policy="Foreground"))

    def _outcome_of(self, job: Object, status: Object, pods: list[Object]) -> JobOutcome | None:
        """Why the Job ends; None while it goes on. What was once decided stays so while its Pods end."""
        for condition in status.get("conditions", ()):
            if condition["type"] == "SuccessCriteriaMet":
                return _COMPLETED
            if condition["type"] == "FailureTarget":
                return JobOutcome(condition["reason"], condition["message"])
        spec = job["spec"]
        if status["failed"] > spec["backoffLimit"] or _is_past_backoff_limit_on_failure(job, pods):
            return _LIMIT
        limit = spec.get("activeDeadlineSeconds")
        if limit is not None and not _is_suspended(job) and self.has_passed(job, limit, status["startTime"]):
            return _DEADLINE
        return _COMPLETED if _is_complete(job, status, pods) else None

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
        """Add the conditions of a Job that ends, and once all its Pods have, record the event."""
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
            self.record(job, "Completed", "Job completed")
        elif is_done:
            self.record(job, outcome.reason, outcome.message, "Warning")

    def _condition(self, kind: str, reason: str, message: str, status: str = "True") -> Object:
        now = self.clock.timestamp()
        times = {"lastProbeTime": now, "lastTransitionTime": now}
        return {**times, "message": message, "reason": reason, "status": status, "type": kind}


def _is_suspended(job: Object) -> bool:
    return bool(job["spec"].get("suspend"))


def _is_complete(job: Object, status: Object, pods: list[Object]) -> bool:
    """Whether as many Pods have succeeded as the Job asks for; without a number one is enough, once all have ended."""
    completions = job["spec"].get("completions")
    if completions is None:
        return status["succeeded"] > 0 and not active_pods(pods)
    return bool(status["succeeded"] >= completions)


def _is_past_backoff_limit_on_failure(job: Object, pods: list[Object]) -> bool:
    """Whether containers, also init containers, were started again too often in Pods that stay."""
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
    """How many Pods are to run while the Job goes on."""
    if _is_suspended(job):
        return 0
    completions = job["spec"].get("completions")
    parallelism = int(job["spec"]["parallelism"])
    if completions is None:
        return 0 if status["succeeded"] else parallelism
    return int(min(parallelism, completions - status["succeeded"]))


def _status_count(pod: Object) -> str:
    """The field of a Job's status that counts a Pod, "" for one that goes on.

    One that was deleted before it was done has failed.
    """
    if has_ended(pod):
        return str(pod["status"]["phase"]).lower()
    return "failed" if is_deleted(pod) else ""


def _finished_at(pod: Object) -> Micros:
    """When the last container of a Pod has ended, or it was deleted. Mirrors pkg/controller/job/backoff_utils.go."""
    states = [item["state"].get("terminated", {}) for item in pod["status"].get("containerStatuses", ())]
    times = [parse_time(state["finishedAt"]) for state in states if state.get("finishedAt")]
    meta = metadata(pod)
    if is_deleted(pod) and not times:
        grace: int = meta["deletionGracePeriodSeconds"]
        return parse_time(meta["deletionTimestamp"]) - grace * SECOND
    return max(times, default=0)
