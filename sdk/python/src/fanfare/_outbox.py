"""Publishing in the background: events wait in a bounded queue and leave in order, however long the server is away."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import Any, Sequence

from ._broadcaster import Broadcaster, Published, make_event
from ._encoding import to_plain
from ._errors import FanfareError, OutboxFull, Unreachable
from ._events import BroadcastMixin

#: Told of each event and what became of it.
Report = Callable[[dict[str, Any], Published | FanfareError], None]


class Outbox(BroadcastMixin):
    """Takes events and returns at once; they are published behind the caller's back, one after the other.

    What the server cannot take now is tried again until it can, so that a restart or an hour's outage costs nothing but
    memory for `size` events; past that `publish` raises OutboxFull. What it refuses is given up. `report` is told of both
    ends. It lives in one event loop, and in memory: what must outlive the process belongs into a database first.
    """

    def __init__(self, broadcaster: Broadcaster, *, size: int = 10_000, report: Report | None = None) -> None:
        self._broadcaster = broadcaster
        self._size = size
        self._report = report
        self._waiting: deque[tuple[dict[str, Any], str | None]] = deque()
        self._more = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Outbox":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    @property
    def pending(self) -> int:
        """Events that have not been accepted yet."""
        return len(self._waiting)

    async def publish(
        self,
        type: str,
        data: Any,
        *,
        rooms: Sequence[str] | None = None,
        id: str | None = None,
        source: str | None = None,
        time: str | datetime | None = None,
        traceparent: str | None = None,
    ) -> Published:
        """Queues one event; gives its id, and no cursor yet. Raises Invalid for what has no form in JSON, and OutboxFull."""
        if len(self._waiting) >= self._size:
            raise OutboxFull(f"{self._size} events are waiting for the server already")
        event = to_plain(make_event(type, data, rooms=rooms, id=id, source=source or self._broadcaster.source, time=time))
        self._waiting.append((event, traceparent or self._broadcaster.current_traceparent()))
        self._empty.clear()
        self._more.set()
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._send())
        return Published(id=event["id"], cursor="")

    async def flush(self) -> None:
        """Waits until nothing is pending."""
        await self._empty.wait()

    async def aclose(self, timeout: float = 15.0) -> list[dict[str, Any]]:
        """Sends what is pending for `timeout` seconds at most; gives the events that could not be sent."""
        try:
            await asyncio.wait_for(self.flush(), timeout)
        except asyncio.TimeoutError:
            pass
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        left = [event for event, _ in self._waiting]
        self._waiting.clear()
        self._empty.set()
        return left

    async def _send(self) -> None:
        while True:
            while not self._waiting:
                self._more.clear()
                self._empty.set()
                await self._more.wait()
            event, traceparent = self._waiting[0]
            outcome: Published | FanfareError
            try:
                outcome = (await self._broadcaster.publish_all([event], traceparent=traceparent))[0]
            except Unreachable:
                continue  # the broadcaster has waited, as its retry policy says
            except FanfareError as refusal:
                outcome = refusal
            self._waiting.popleft()
            if self._report is not None:
                self._report(event, outcome)
