"""Projects router: a FastAPI application that tells everybody in a project what became of it.

FANFARE_URL=… FANFARE_KEY=… uvicorn projects_router:app
"""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, HTTPException
from pydantic import BaseModel

from fanfare import get_broadcaster
from fanfare.fastapi import fanfare_lifespan

app = FastAPI(lifespan=fanfare_lifespan)
broadcaster = get_broadcaster()
projects: dict[str, dict[str, Any]] = {"123": {"name": "Apollo"}}


class Changes(BaseModel):
    name: str | None = None
    archived: bool | None = None


@app.patch("/projects/{project_id}")
async def update(project_id: str, changes: Changes, user: str = "anonymous") -> dict[str, Any]:
    if project_id not in projects:
        raise HTTPException(404)
    changed = changes.model_dump(exclude_unset=True)
    projects[project_id].update(changed)
    await broadcaster.broadcast_project_updated(project_id=project_id, changes=changed, updated_by=user)
    return projects[project_id]


@app.delete("/projects/{project_id}", status_code=204)
async def delete(project_id: str, user: str = "anonymous") -> None:
    if projects.pop(project_id, None) is None:
        raise HTTPException(404)
    await broadcaster.broadcast_project_deleted(project_id=project_id, deleted_by=user)
