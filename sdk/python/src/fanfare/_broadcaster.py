"""The broadcaster: typed methods over one pooled, retrying HTTP client."""

from __future__ import annotations

import asyncio
import os
import uuid
import weakref
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Mapping, Optional, Sequence, Union

import httpx

from ._errors import Draining, FanfareError, Invalid, RateLimited, Refused, Unreachable
from ._events import BroadcastMixin
from ._retry import RETRYABLE_STATUS, RetryPolicy, parse_retry_after

DEFAULT_URL = "http://127.0.0.1:8000"


@dataclass(frozen=True)
class Published:
    """What the server says of an event that it has accepted."""

    id: str
    cursor: str


class Broadcaster(BroadcastMixin):
    """Publishes events. One is enough for a process: each event loop that uses it gets a connection pool of its own, so it
    may be made before any loop runs.

    `url` and `key` default to FANFARE_URL and FANFARE_KEY. `timeout` is seconds for one attempt, `pool_size` the number of
    kept connections.
    """

    def __init__(
        self,
        url: Optional[str] = None,
        key: Optional[str] = None,
        *,
        source: Optional[str] = None,
        timeout: float = 5.0,
        pool_size: int = 20,
        retry: RetryPolicy = RetryPolicy(),
        verify: Any = True,
    ) -> None:
        self.url = (url or os.environ.get("FANFARE_URL") or DEFAULT_URL).rstrip("/")
        key = key or os.environ.get("FANFARE_KEY")
        self._source = source
        self._retry = retry
        self._client_options: dict[str, Any] = {
            "base_url": self.url,
            "timeout": timeout,
            "limits": httpx.Limits(max_connections=pool_size, max_keepalive_connections=pool_size),
            "headers": {"Authorization": f"Bearer {key}"} if key else {},
            "verify": verify,
        }
        self._clients: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, httpx.AsyncClient]
        self._clients = weakref.WeakKeyDictionary()

    async def __aenter__(self) -> "Broadcaster":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Closes the running loop's connections; publishing again opens new ones."""
        client = self._clients.pop(asyncio.get_running_loop(), None)
        if client is not None:
            await client.aclose()

    def _client(self) -> httpx.AsyncClient:
        loop = asyncio.get_running_loop()
        client = self._clients.get(loop)
        if client is None:
            client = self._clients[loop] = httpx.AsyncClient(**self._client_options)
        return client

    async def publish(
        self,
        type: str,
        data: Mapping[str, Any],
        *,
        rooms: Optional[Sequence[str]] = None,
        id: Optional[str] = None,
        source: Optional[str] = None,
        time: Union[str, datetime, None] = None,
        traceparent: Optional[str] = None,
    ) -> Published:
        """Publishes one event and waits until the server has accepted it.

        The id is fixed before the first attempt, so that however often it is tried, the event is sent once.
        Raises Invalid, Refused, RateLimited, Draining or Unreachable.
        """
        event = make_event(type, data, rooms=rooms, id=id, source=source or self._source, time=time)
        return (await self._publish(event, traceparent))[0]

    async def publish_all(
        self, events: Sequence[Mapping[str, Any]], *, traceparent: Optional[str] = None
    ) -> list[Published]:
        """Publishes all of a batch or none of it. Each event is a mapping with type and data, and with id, source, time and
        rooms where wanted (see make_event)."""
        if not events:
            return []
        body = [event if "id" in event else {**event, "id": str(uuid.uuid4())} for event in events]
        return await self._publish(body, traceparent)

    async def _publish(self, body: Any, traceparent: Optional[str]) -> list[Published]:
        headers = {"traceparent": traceparent} if traceparent else None
        response = await self._post("/api/v1/events", body, headers)
        return [Published(id=entry["id"], cursor=entry["cursor"]) for entry in response.json()["events"]]

    async def _post(self, path: str, body: Any, headers: Optional[dict[str, str]]) -> httpx.Response:
        last: FanfareError = Unreachable("no attempt was made")
        for attempt in range(1, self._retry.attempts + 1):
            retry_after: Optional[float] = None
            try:
                response = await self._client().post(path, json=body, headers=headers)
            except httpx.TransportError as failure:
                last = Unreachable(f"{self.url} did not answer: {failure!r}")
            else:
                if response.status_code == 202:
                    return response
                last = failure_of(response)
                if response.status_code not in RETRYABLE_STATUS:
                    raise last
                retry_after = parse_retry_after(response.headers.get("Retry-After"))
            if attempt < self._retry.attempts:
                await asyncio.sleep(self._retry.delay(attempt, retry_after))
        raise last


def make_event(
    type: str,
    data: Mapping[str, Any],
    *,
    rooms: Optional[Sequence[str]] = None,
    id: Optional[str] = None,
    source: Optional[str] = None,
    time: Union[str, datetime, None] = None,
) -> dict[str, Any]:
    """One event as the server reads it; members left out are left to the server, but for the id."""
    event: dict[str, Any] = {"type": type, "data": dict(data), "id": id or str(uuid.uuid4())}
    if rooms is not None:
        event["rooms"] = list(rooms)
    if source is not None:
        event["source"] = source
    if isinstance(time, datetime):
        if time.tzinfo is None:
            raise ValueError("time needs a time zone")
        time = time.isoformat()
    if time is not None:
        event["time"] = time
    return event


def failure_of(response: httpx.Response) -> FanfareError:
    """The exception for an answer that is not 202 (problem+json, RFC 9457)."""
    try:
        problem = response.json()
    except ValueError:
        problem = {}
    message = str(problem.get("detail") or problem.get("title") or f"HTTP {response.status_code}")
    status = response.status_code
    if status in (401, 403):
        return Refused(message, status=status)
    if status == 429:
        return RateLimited(message)
    if status in RETRYABLE_STATUS:
        return Draining(message) if status == 503 else Unreachable(message)
    if 400 <= status < 500:
        return Invalid(message, status=status, pointer=str(problem.get("pointer") or ""))
    return FanfareError(message)


_broadcasters: dict[tuple[Optional[str], Optional[str]], Broadcaster] = {}


def get_broadcaster(url: Optional[str] = None, key: Optional[str] = None) -> Broadcaster:
    """The process's broadcaster for this URL and key, made on first use; at import time is fine."""
    if (url, key) not in _broadcasters:
        _broadcasters[(url, key)] = Broadcaster(url, key)
    return _broadcasters[(url, key)]
