"""The CronJob controller, which creates Jobs by their schedule on the simulated clock.

Mirrors kubernetes pkg/controller/cronjob/{cronjob_controllerv2,utils}.go, v1.36.
"""

from __future__ import annotations

from kubesim.api.clock import SECOND, Micros, parse_time, rfc3339
from kubesim.api.errors import StatusError
from kubesim.api.objects import Object, is_deleted, metadata, name_of, namespace_of, reference_to
from kubesim.api.resources import CRON_JOB, JOB
from kubesim.api.schedule import parse_schedule
from kubesim.cluster.controllers.base import Controller, dependent
from kubesim.cluster.controllers.job import end_of

_DELTA = 0.1  # seconds after the scheduled moment (nextScheduleDelta)
# The message about a schedule that is never due, where Go subtracts two zero times.
_NEVER = "time difference between two schedules is less than 1 second"
_BLOCKED = "Not starting job because prior execution is running and concurrency policy is Forbid"


class CronJobController(Controller):
    """Creates the Jobs of CronJobs when they are due, and deletes old ones."""

    resource = CRON_JOB
    owned = JOB

    def sync(self, cron: Object, jobs: list[Object]) -> None:
        """Note what has become of active Jobs, delete old ones, and start the Job that is due."""
        status = {**cron["status"], "active": self._follow_jobs(cron, jobs)}
        successes = [job["status"]["completionTime"] for job in jobs if end_of(job) == "Complete"]
        if successes:
            status["lastSuccessfulTime"] = max(*successes, status.get("lastSuccessfulTime", ""))
        self._clean_up(cron, jobs)
        if not cron["spec"]["suspend"]:
            self._follow_schedule(cron, status)
        if not status["active"]:
            del status["active"]
        self.api.update_status(CRON_JOB, cron, status)

    def _follow_schedule(self, cron: Object, status: Object) -> None:
        """Start the Job that is due, note it in `status`, and queue a sync for the next one."""
        spec = cron["spec"]
        schedule = parse_schedule(spec["schedule"])
        since = parse_time(status.get("lastScheduleTime") or metadata(cron)["creationTimestamp"])
        due = schedule.last(since, self.clock.now)
        coming = schedule.next(since if due is None else due)
        if due is not None:
            self._start(cron, due, status)
        if coming is not None:
            self.add(cron, (coming - self.clock.now) / SECOND + _DELTA)
        elif due is None:
            self.emit_event(cron, "InvalidSchedule", f"invalid schedule: {spec['schedule']} : {_NEVER}", "Warning")

    def _follow_jobs(self, cron: Object, jobs: list[Object]) -> list[Object]:
        """Emit events about ended, missing and unknown Jobs. Returns the references in the status to running Jobs."""
        known = {reference["name"]: reference for reference in cron["status"].get("active", ())}
        missing = dict.fromkeys(known)
        running = []
        for job in jobs:
            name = name_of(job)
            missing.pop(name, None)
            end = end_of(job)
            if end and name in known:
                self.emit_event(cron, "SawCompletedJob", f"Saw completed job: {name}, condition: {end}")
            elif name in known:
                running.append(known[name])
            elif not end:
                message = f"Saw a job that the controller did not create or forgot: {name}"
                self.emit_event(cron, "UnexpectedJob", message, "Warning")
        for name in missing:
            self.emit_event(cron, "MissingJob", f"Active job went missing: {name}")
        return running

    def _clean_up(self, cron: Object, jobs: list[Object]) -> None:
        """Delete the oldest ended Jobs beyond the history limits."""
        for end, limit in (("Complete", "successfulJobsHistoryLimit"), ("Failed", "failedJobsHistoryLimit")):
            ended = [job for job in jobs if end_of(job) == end and not is_deleted(job)]
            ended.sort(key=lambda job: (job["status"].get("startTime", ""), name_of(job)))
            excess = max(0, len(ended) - cron["spec"][limit])
            for job in ended[:excess]:
                self._delete(cron, job)

    def _delete(self, cron: Object, job: Object) -> None:
        self.api.delete_object(JOB, job)
        self.emit_event(cron, "SuccessfulDelete", f"Deleted job {name_of(job)}")

    def _start(self, cron: Object, due: Micros, status: Object) -> None:
        """Create the Job of the moment `due`, if the concurrency policy allows it; `status` is changed."""
        active = status["active"]
        policy = cron["spec"]["concurrencyPolicy"]
        if active and policy == "Forbid":
            self.emit_event(cron, "JobAlreadyActive", _BLOCKED)
            return
        if policy == "Replace":
            for reference in active:
                if job := self.api.find(JOB, namespace_of(cron), reference["name"]):
                    self._delete(cron, job)
            active.clear()
        status["lastScheduleTime"] = rfc3339(due)
        name = f"{name_of(cron)}-{due // SECOND // 60}"
        if self.api.find(JOB, namespace_of(cron), name) is None:
            try:
                job = self.api.create(JOB, _job(cron, name, due))
            except StatusError as error:
                self.emit_event(cron, "FailedCreate", f"Error creating job: {error.message}", "Warning")
                raise
            active.append(reference_to(job))
            self.emit_event(cron, "SuccessfulCreate", f"Created job {name}")


def _job(cron: Object, name: str, due: Micros) -> Object:
    """The Job for the moment `due`, with an annotation of that moment."""
    template = cron["spec"]["jobTemplate"]
    meta = metadata(template)
    annotations = {**meta.get("annotations", {}), "batch.kubernetes.io/cronjob-scheduled-timestamp": rfc3339(due)}
    new_meta = {"annotations": annotations, "labels": meta.get("labels", {}), "name": name}
    return dependent(cron, JOB, new_meta, spec=template["spec"])
