"""Agents router: agents register, report their status and leave; those who watch them see it at once.

FANFARE_URL=… FANFARE_KEY=… uvicorn agents_router:app
"""

from __future__ import annotations

import logging
from typing import Literal

from fastapi import FastAPI, HTTPException
from pydantic import BaseModel

from fanfare import FanfareError, get_broadcaster
from fanfare.fastapi import fanfare_lifespan

app = FastAPI(lifespan=fanfare_lifespan)
broadcaster = get_broadcaster()
log = logging.getLogger(__name__)

Status = Literal["idle", "busy", "offline", "error"]
statuses: dict[str, Status] = {}


class Registration(BaseModel):
    name: str
    project_id: str | None = None
    capabilities: list[str] = []


class Report(BaseModel):
    status: Status
    task: str | None = None


@app.put("/agents/{agent_id}", status_code=204)
async def register(agent_id: str, agent: Registration) -> None:
    statuses[agent_id] = "idle"
    await broadcaster.broadcast_agent_connected(
        agent_id=agent_id, name=agent.name, project_id=agent.project_id, capabilities=agent.capabilities
    )


@app.post("/agents/{agent_id}/status", status_code=204)
async def report(agent_id: str, report: Report) -> None:
    if agent_id not in statuses:
        raise HTTPException(404)
    previous, statuses[agent_id] = statuses[agent_id], report.status
    try:
        await broadcaster.broadcast_agent_status_changed(
            agent_id=agent_id, status=report.status, previous_status=previous, task=report.task
        )
    except FanfareError as failure:
        # The next report replaces this one: no reason to fail the agent's call.
        log.warning("status of %s was not broadcast: %s", agent_id, failure)


@app.delete("/agents/{agent_id}", status_code=204)
async def leave(agent_id: str, reason: str | None = None) -> None:
    if statuses.pop(agent_id, None) is None:
        raise HTTPException(404)
    await broadcaster.broadcast_agent_disconnected(agent_id=agent_id, reason=reason)
