"""The CronJob controller: a Job whenever the schedule says so, on the simulated clock.

Mirrors kubernetes pkg/controller/cronjob/{cronjob_controllerv2,utils}.go, v1.36.
"""

from __future__ import annotations

from kubesim.api.clock import SECOND, Micros, parse_time, rfc3339
from kubesim.api.objects import Object, clone, metadata, name_of, namespace_of, reference_to
from kubesim.api.resources import CRON_JOB, JOB
from kubesim.api.schedule import parse_schedule
from kubesim.cluster.controllers.base import Controller, dependent, is_deleted
from kubesim.cluster.controllers.job import finished

_DELTA = 0.1  # seconds after the scheduled moment
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
                self.queue.add(cron, (coming - self.clock.now) / SECOND + _DELTA)
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
            active.append(reference_to(JOB, job))
            self.record(cron, "SuccessfulCreate", f"Created job {name}")


def _job(cron: Object, name: str, due: str) -> Object:
    template, given = cron["spec"]["jobTemplate"], metadata(cron["spec"]["jobTemplate"])
    annotations = {**given.get("annotations", {}), "batch.kubernetes.io/cronjob-scheduled-timestamp": due}
    meta = {"annotations": annotations, "labels": given.get("labels", {}), "name": name}
    return dependent(cron, JOB, meta, spec=template["spec"])
