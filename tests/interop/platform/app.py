"""The platform's back-end as the tests need it: a route for each of the 17 domain events, published with the Python SDK."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from fanfare import EVENT_TYPES, Invalid, get_broadcaster
from fanfare.fastapi import fanfare_lifespan

app = FastAPI(lifespan=fanfare_lifespan)
broadcaster = get_broadcaster()


def route_of(event_type: str) -> Callable[[dict[str, Any]], Awaitable[dict[str, str]]]:
    broadcast = getattr(broadcaster, "broadcast_" + event_type.replace(".", "_"))

    async def publish(fields: dict[str, Any]) -> dict[str, str]:
        event = await broadcast(**fields)
        return {"id": event.id}

    return publish


for event_type in EVENT_TYPES:
    app.post("/" + event_type.replace(".", "/"), status_code=202)(route_of(event_type))


@app.exception_handler(Invalid)
async def invalid(_: Request, why: Invalid) -> JSONResponse:
    return JSONResponse({"pointer": why.pointer}, status_code=422)
