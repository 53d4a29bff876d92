"""Asynchronous jobs: started by a change, done when the lab's time has come."""

from __future__ import annotations

from upgrader.lab.cloud.call import Answer, Call
from upgrader.lab.cloud.errors import CloudError
from upgrader.lab.cloud.nlb.model import Job
from upgrader.lab.cloud.paging import by_token


def start(call: Call, action: str) -> str:
    """A new job; returns its id. The effect is in the state already, only its end is awaited."""
    job_id = call.world.new_hex("job", 32)
    job_id = "-".join((job_id[:8], job_id[8:12], job_id[12:16], job_id[16:20], job_id[20:]))
    done_at = call.elapsed_s + call.world.rules.nlb_job_s
    call.world.nlb.jobs[job_id] = Job(id=job_id, action=action, done_at=done_at)
    return job_id


def _state(call: Call, job: Job) -> str:
    if call.elapsed_s < job.done_at:
        return "Processing"
    return "Failed" if job.failed else "Succeeded"


def status(call: Call) -> Answer:
    """GetJobStatus: how far one job is."""
    job = call.world.nlb.jobs.get(call.params.required("JobId"))
    if job is None:
        raise CloudError("ResourceNotFound.Job", "The specified resource of job is not found.", 404)
    return {"Status": _state(call, job)}


def list_jobs(call: Call) -> Answer:
    """ListAsynJobs: how far several jobs are; those that are not there are left out."""
    ids = call.params.values("JobIds")
    wanted = [call.world.nlb.jobs[one] for one in ids if one in call.world.nlb.jobs]
    page, token, size = by_token(call, wanted or ([] if ids else list(call.world.nlb.jobs.values())), default=100)
    shown = [{"Id": job.id, "Status": _state(call, job), "Api": job.action, "ErrorMessage": job.failed} for job in page]
    return {"Jobs": shown, "TotalCount": str(len(shown)), "NextToken": token, "MaxResults": size}
