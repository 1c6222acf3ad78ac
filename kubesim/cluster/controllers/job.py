"""The Job controller: Pods until enough of them have succeeded, or too many have failed.

Mirrors kubernetes pkg/controller/job/{job_controller,backoff_utils}.go, v1.36. A Job can't be suspended.
"""

from __future__ import annotations

from typing import NamedTuple

from kubesim.api.clock import SECOND, Micros, parse_time
from kubesim.api.objects import Object, find_condition
from kubesim.api.resources import JOB
from kubesim.cluster.controllers.base import BURST, Controller, active_pods, is_deleted, is_ready

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


class JobController(Controller):
    """Creates the Pods of Jobs, replaces those that failed, and says when a Job is done."""

    resource = JOB
    batch = 1.0

    def sync(self, job: Object, pods: list[Object]) -> None:
        if finished(job):
            return
        status = dict(job["status"])
        for phase in ("Succeeded", "Failed"):  # Pods that were counted may be gone
            count = sum(pod["status"]["phase"] == phase for pod in pods)
            status[phase.lower()] = max(status.get(phase.lower(), 0), count)
        status.setdefault("startTime", self.clock.timestamp())
        end = self._end(job, status, pods)
        if end and not end.succeeded:  # Pods that are deleted now have failed, too
            status["failed"] += len(active_pods(pods))
        self._scale(job, pods, 0 if end else _desired(job, status))
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

    def _scale(self, job: Object, pods: list[Object], desired: int) -> None:
        active = active_pods(pods)
        for pod in active[desired:]:
            self.delete_pod(job, pod)
        missing = desired - len(active)
        wait = self._backoff(pods)
        if missing > 0 and wait > 0:
            self.add(job, wait)
            return
        for _ in range(min(missing, BURST)):
            if not self.create_pod(job):
                return

    def _backoff(self, pods: list[Object]) -> float:
        """For how many seconds a failed Pod isn't replaced yet."""
        failed = [_ended(pod) for pod in pods if pod["status"]["phase"] == "Failed"]
        if not failed:
            return 0
        delay = min(FIRST_BACKOFF * 2.0 ** min(len(failed) - 1, 10), LAST_BACKOFF)
        return delay - (self.clock.now - max(failed)) / SECOND

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


def _ended(pod: Object) -> Micros:
    """When the last container of a Pod that is done has ended."""
    states = [item["state"].get("terminated", {}) for item in pod["status"].get("containerStatuses", ())]
    return max((parse_time(state["finishedAt"]) for state in states if state.get("finishedAt")), default=0)
