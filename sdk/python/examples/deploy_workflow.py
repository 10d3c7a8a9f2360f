"""Temporal workflow whose steps are watched live, and the worker that runs it.

FANFARE_URL=… FANFARE_KEY=… python deploy_workflow.py TEMPORAL_HOST:PORT
"""

from __future__ import annotations

import asyncio
import sys
from datetime import timedelta

from temporalio import workflow
from temporalio.client import Client
from temporalio.exceptions import ActivityError
from temporalio.worker import Worker

# Workflow code must be deterministic: it publishes through activities only, and never sees the broadcaster.
with workflow.unsafe.imports_passed_through():
    from deploy_activities import Deployment, Progress, announce_end, announce_start, run_step

TASK_QUEUE = "deployments"
LIMIT = timedelta(seconds=60)


@workflow.defn
class Deploy:
    @workflow.run
    async def run(self, deployment: Deployment) -> str:
        await workflow.execute_activity(announce_start, deployment, start_to_close_timeout=LIMIT)
        error: str | None = None
        try:
            for index in range(len(deployment.steps)):
                await workflow.execute_activity(run_step, Progress(deployment, index), start_to_close_timeout=LIMIT)
        except ActivityError as failure:
            error = str(failure.cause)
        await workflow.execute_activity(announce_end, args=[deployment, error], start_to_close_timeout=LIMIT)
        return error or "deployed"


def worker(client: Client) -> Worker:
    return Worker(
        client, task_queue=TASK_QUEUE, workflows=[Deploy], activities=[announce_start, run_step, announce_end]
    )


async def main(target: str) -> None:
    await worker(await Client.connect(target)).run()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
