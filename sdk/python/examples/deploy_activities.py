"""Temporal activities that broadcast how a workflow gets on.

Temporal runs an activity again when its worker dies before it has said that it is done. The event's id is made of what
does not change between the attempts, so the event still goes out once.
"""

from __future__ import annotations

from dataclasses import dataclass

from temporalio import activity
from temporalio.exceptions import ApplicationError

from fanfare import Invalid, Refused, get_broadcaster


@dataclass
class Deployment:
    project_id: str
    steps: list[str]


@dataclass
class Progress:
    deployment: Deployment
    step_index: int


def event_id() -> str:
    """The same for every attempt at this activity."""
    info = activity.info()
    return f"{info.workflow_run_id}:{info.activity_id}"


@activity.defn
async def announce_start(deployment: Deployment) -> None:
    info = activity.info()
    await get_broadcaster().broadcast_workflow_started(
        workflow_id=info.workflow_id or "",
        run_id=info.workflow_run_id,
        project_id=deployment.project_id,
        name="deploy",
        total_steps=len(deployment.steps),
        event_id=event_id(),
    )


@activity.defn
async def run_step(progress: Progress) -> None:
    deployment, index = progress.deployment, progress.step_index
    if deployment.steps[index] == "explode":
        raise ApplicationError("the step exploded", non_retryable=True)
    try:
        await get_broadcaster().broadcast_workflow_progress(
            workflow_id=activity.info().workflow_id or "",
            project_id=deployment.project_id,
            progress=100 * (index + 1) / len(deployment.steps),
            status="running",
            step=deployment.steps[index],
            step_index=index,
            total_steps=len(deployment.steps),
            event_id=event_id(),
        )
    except (Invalid, Refused) as failure:
        # Trying again cannot help; whatever else went wrong, Temporal tries the activity again.
        raise ApplicationError(str(failure), non_retryable=True) from failure


@activity.defn
async def announce_end(deployment: Deployment, error: str | None) -> None:
    workflow_id = activity.info().workflow_id or ""
    if error is None:
        await get_broadcaster().broadcast_workflow_completed(
            workflow_id=workflow_id,
            project_id=deployment.project_id,
            result={"steps": len(deployment.steps)},
            event_id=event_id(),
        )
    else:
        await get_broadcaster().broadcast_workflow_failed(
            workflow_id=workflow_id, project_id=deployment.project_id, error=error, event_id=event_id()
        )
