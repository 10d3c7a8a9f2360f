"""FastAPI: `app = FastAPI(lifespan=fanfare_lifespan)`, or inside a lifespan of your own, `async with fanfare_lifespan(app):`."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import Any, AsyncIterator

from ._broadcaster import get_broadcaster


@asynccontextmanager
async def fanfare_lifespan(app: Any) -> AsyncIterator[None]:
    """Puts the broadcaster at `app.state.broadcaster`, and closes its connections when the application stops."""
    app.state.broadcaster = get_broadcaster()
    try:
        yield
    finally:
        await app.state.broadcaster.aclose()
