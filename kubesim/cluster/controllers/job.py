"""The Job controller: Pods until enough of them have succeeded, or too many have failed; and the CronJob controller: a
Job whenever the schedule says so, on the simulated clock.

Mirrors kubernetes pkg/controller/job/{job_controller,backoff_utils}.go and
pkg/controller/cronjob/{cronjob_controllerv2,utils}.go, v1.36. A Job can't be suspended.
"""

from __future__ import annotations

from kubesim.api.clock import SECOND, Micros, parse_time, rfc3339
from kubesim.api.objects import Object, clone, find_condition, metadata, name_of, namespace_of, reference_to
from kubesim.api.resources import CRON_JOB, JOB
from kubesim.api.schedule import parse_schedule
from kubesim.cluster.controllers.base import BURST, Controller, dependent, is_active, is_deleted, is_ready

FIRST_BACKOFF, LAST_BACKOFF = 10.0, 600.0  # seconds until a failed Pod is replaced; twice as long each time
_COMPLETED = ("CompletionsReached", "Reached expected number of succeeded pods")
_LIMIT = ("BackoffLimitExceeded", "Job has reached the specified backoff limit")
_DEADLINE = ("DeadlineExceeded", "Job was active longer than specified deadline")
# The condition that comes first, while Pods still end, and the final one.
_ENDS = {True: ("SuccessCriteriaMet", "Complete"), False: ("FailureTarget", "Failed")}


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
        if end[0] and end is not _COMPLETED:  # Pods that are deleted now have failed, too
            status["failed"] += len(list(filter(is_active, pods)))
        self._scale(job, pods, 0 if end[0] else _wanted(job, status))
        self._report(job, status, end)

    def _end(self, job: Object, status: Object, pods: list[Object]) -> tuple[str, str]:
        """Why the Job ends, as reason and message; "" while it goes on."""
        for item in status.get("conditions", ()):
            if item["type"] == _ENDS[False][0]:
                return item["reason"], item["message"]
        spec, completions = job["spec"], job["spec"].get("completions")
        active = list(filter(is_active, pods))
        if status["succeeded"] >= completions if completions is not None else status["succeeded"] and not active:
            return _COMPLETED
        restarts = sum(item["restartCount"] for pod in active for item in pod["status"].get("containerStatuses", ()))
        retries = restarts if spec["template"]["spec"]["restartPolicy"] == "OnFailure" else 0
        if status["failed"] > spec["backoffLimit"] or retries >= max(1, spec["backoffLimit"]):
            return _LIMIT
        if (limit := spec.get("activeDeadlineSeconds")) is not None:
            left = limit - (self.clock.now - parse_time(status["startTime"])) / SECOND
            if left <= 0:
                return _DEADLINE
            self.add(job, left)
        return "", ""

    def _scale(self, job: Object, pods: list[Object], wanted: int) -> None:
        active = list(filter(is_active, pods))
        for pod in active[wanted:]:
            self.delete_pod(job, pod)
        wait = self._backoff(pods) if len(active) < wanted else 0
        if wait > 0:
            self.add(job, wait)
            return
        for _ in range(min(wanted - len(active), BURST)):
            if not self.create_pod(job):
                return

    def _backoff(self, pods: list[Object]) -> float:
        failed = [_ended(pod) for pod in pods if pod["status"]["phase"] == "Failed"]
        delay = min(FIRST_BACKOFF * 2 ** min(len(failed), 10) / 2, LAST_BACKOFF)
        return delay - (self.clock.now - max(failed)) / SECOND if failed else 0

    def _report(self, job: Object, status: Object, end: tuple[str, str]) -> None:
        pods = self.owned_by(job)
        active = list(filter(is_active, pods))
        terminating = sum(map(is_deleted, pods))
        status |= {"active": len(active), "ready": sum(map(is_ready, active)), "terminating": terminating}
        status["uncountedTerminatedPods"] = {}
        conditions = list(status.pop("conditions", ()))
        if end[0]:
            first, last = _ENDS[end is _COMPLETED]
            done = not active and not terminating
            for kind in (first, last) if done else (first,):
                if all(item["type"] != kind for item in conditions):
                    conditions.append(self._condition(kind, *end))
            if done and end is _COMPLETED:
                status["completionTime"] = self.clock.timestamp()
                self.record(job, "Completed", "Job completed")
            elif done:
                self.record(job, *end, "Warning")
        if conditions:
            status["conditions"] = conditions
        counts = {key: status.pop(key) for key in ("active", "succeeded", "failed")}
        self.report(job, status, **counts)

    def _condition(self, kind: str, reason: str, message: str) -> Object:
        now = self.clock.timestamp()
        times = {"lastProbeTime": now, "lastTransitionTime": now}
        return {**times, "message": message, "reason": reason, "status": "True", "type": kind}


def _wanted(job: Object, status: Object) -> int:
    """How many Pods are to run while the Job goes on."""
    completions, parallelism = job["spec"].get("completions"), int(job["spec"]["parallelism"])
    if completions is None:
        return 0 if status["succeeded"] else parallelism
    return int(min(parallelism, completions - status["succeeded"]))


def _ended(pod: Object) -> Micros:
    """When the last container of a Pod that is done has ended."""
    states = [item["state"].get("terminated", {}) for item in pod["status"].get("containerStatuses", ())]
    return max((parse_time(state["finishedAt"]) for state in states if state.get("finishedAt")), default=0)


_DELTA = 0.1  # seconds after the scheduled moment
_NEVER = "time difference between two schedules is less than 1 second"  # what Go makes of two times that don't come
_BLOCKED = "Not starting job because prior execution is running and concurrency policy is Forbid"


class CronJobController(Controller):
    """Creates the Jobs of CronJobs when they are due, and deletes old ones."""

    resource = CRON_JOB
    owned = JOB

    def sync(self, cron: Object, jobs: list[Object]) -> None:
        status = clone(cron["status"])
        active = self._still_active(cron, jobs, status)
        self._clean_up(cron, jobs)
        spec = cron["spec"]
        if not spec["suspend"]:
            schedule = parse_schedule(spec["schedule"], spec.get("timeZone", ""))
            since = parse_time(status.get("lastScheduleTime") or metadata(cron)["creationTimestamp"])
            due = schedule.last(since, self.clock.now)
            if due is not None:
                self._start(cron, due, active, status)
            if (coming := schedule.next(self.clock.now)) is not None:
                self.add(cron, (coming - self.clock.now) / SECOND + _DELTA)
            elif due is None:
                self.record(cron, "InvalidSchedule", f"invalid schedule: {spec['schedule']} : {_NEVER}", "Warning")
        status.pop("active", None)
        if active:
            status["active"] = active
        self.api.update_status(CRON_JOB, cron, status)

    def _still_active(self, cron: Object, jobs: list[Object], status: Object) -> list[Object]:
        """References to the Jobs that run; events and `status` say what has become of others."""
        known = {reference["name"]: reference for reference in status.get("active", ())}
        running = []
        for job in jobs:
            name, end = name_of(job), finished(job)
            if end and name in known:
                self.record(cron, "SawCompletedJob", f"Saw completed job: {name}, condition: {end}")
            elif name in known:
                running.append(known[name])
            elif not end:
                message = f"Saw a job that the controller did not create or forgot: {name}"
                self.record(cron, "UnexpectedJob", message, "Warning")
            if end == "Complete":
                known_time = status.get("lastSuccessfulTime", "")
                status["lastSuccessfulTime"] = max(known_time, job["status"]["completionTime"])
        for name in known.keys() - {name_of(job) for job in jobs}:
            self.record(cron, "MissingJob", f"Active job went missing: {name}")
        return running

    def _clean_up(self, cron: Object, jobs: list[Object]) -> None:
        limits = {"Complete": "successfulJobsHistoryLimit", "Failed": "failedJobsHistoryLimit"}
        for end, limit in limits.items():
            ended = [job for job in jobs if finished(job) == end and not is_deleted(job)]
            ended.sort(key=lambda job: (job["status"].get("startTime", ""), name_of(job)))
            for job in ended[: max(0, len(ended) - cron["spec"][limit])]:
                self._delete(cron, job)

    def _delete(self, cron: Object, job: Object) -> None:
        self.api.delete(JOB, namespace_of(job), name_of(job))
        self.record(cron, "SuccessfulDelete", f"Deleted job {name_of(job)}")

    def _start(self, cron: Object, due: Micros, active: list[Object], status: Object) -> None:
        policy = cron["spec"]["concurrencyPolicy"]
        if active and policy == "Forbid":
            self.record(cron, "JobAlreadyActive", _BLOCKED)
            return
        for reference in active if policy == "Replace" else ():
            if job := self.api.find(JOB, namespace_of(cron), reference["name"]):
                self._delete(cron, job)
        if policy == "Replace":
            active.clear()
        status["lastScheduleTime"] = rfc3339(due)
        name = f"{name_of(cron)}-{due // SECOND // 60}"
        if self.api.find(JOB, namespace_of(cron), name) is None:
            job = self.api.create(JOB, _job(cron, name, rfc3339(due)))
            active.append(reference_to(job))
            self.record(cron, "SuccessfulCreate", f"Created job {name}")


def _job(cron: Object, name: str, due: str) -> Object:
    template, template_meta = cron["spec"]["jobTemplate"], metadata(cron["spec"]["jobTemplate"])
    annotations = {**template_meta.get("annotations", {}), "batch.kubernetes.io/cronjob-scheduled-timestamp": due}
    meta = {"annotations": annotations, "labels": template_meta.get("labels", {}), "name": name}
    return dependent(cron, JOB, meta, spec=template["spec"])
