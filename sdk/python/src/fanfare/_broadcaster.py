"""The broadcaster: typed methods over one pooled, retrying HTTP client."""

from __future__ import annotations

import asyncio
import json
import os
import ssl
import uuid
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Any

import httpx

from ._encoding import to_plain
from ._errors import Draining, FanfareError, Invalid, RateLimited, Refused, Unreachable
from ._events import BroadcastMixin
from ._retry import RETRYABLE_STATUS, RetryPolicy, parse_retry_after

DEFAULT_URL = "http://127.0.0.1:8000"


@dataclass
class Published:
    """What the server says of an event that it has accepted."""

    id: str
    cursor: str


class Broadcaster(BroadcastMixin):
    """Publishes events. One is enough for a process: each event loop that uses it gets a connection pool of its own, so it
    may be made before any loop runs.

    `url` and `key` default to FANFARE_URL and FANFARE_KEY, as they are when something is published. `source` names the program in every event that names no other.
    `timeout` is seconds, in each attempt, for connecting, for sending and for the answer. At most `pool_size` connections
    are open at once; whoever finds them all in use waits for one. `traceparent` is asked at every publish for the current
    W3C trace context. `verify` is httpx's: False, or an ssl.SSLContext, for TLS of your own.
    """

    def __init__(
        self,
        url: str | None = None,
        key: str | None = None,
        *,
        source: str | None = None,
        timeout: float = 5.0,
        pool_size: int = 20,
        retry: RetryPolicy = RetryPolicy(),
        traceparent: Callable[[], str | None] | None = None,
        verify: ssl.SSLContext | bool = True,
    ) -> None:
        self._url = url
        self._key = key
        self.source = source
        self._retry = retry
        self._traceparent = traceparent
        self._client_options: dict[str, Any] = {
            # A burst of publishes waits its turn in the pool; the requests before it have the time limit.
            "timeout": httpx.Timeout(timeout, pool=None),
            "limits": httpx.Limits(max_connections=pool_size, max_keepalive_connections=pool_size),
            "verify": verify,
        }
        self._clients: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, httpx.AsyncClient]
        self._clients = weakref.WeakKeyDictionary()
        _ = self.url  # one that cannot be is told at once

    @property
    def url(self) -> str:
        """Where it publishes."""
        url = (self._url or os.environ.get("FANFARE_URL") or DEFAULT_URL).rstrip("/")
        if not url.startswith(("http://", "https://")):
            raise FanfareError(f"the URL {url!r} has no scheme: write http://{url}, or https:// where the server has TLS")
        return url

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
        data: Any,
        *,
        rooms: Sequence[str] | None = None,
        id: str | None = None,
        source: str | None = None,
        time: str | datetime | None = None,
        traceparent: str | None = None,
    ) -> Published:
        """Publishes one event and waits until the server has accepted it. `data` is a mapping, a dataclass or a pydantic
        model, and what it holds is encoded as FastAPI would (dates, UUIDs, decimals, enums, sets, models).

        The id is fixed before the first attempt, so that however often it is tried, the event is sent once.
        Raises Invalid, Refused, RateLimited, Draining or Unreachable.
        """
        event = make_event(type, data, rooms=rooms, id=id, source=source or self.source, time=time)
        return (await self._publish(event, traceparent))[0]

    async def publish_all(
        self, events: Sequence[Mapping[str, Any]], *, traceparent: str | None = None
    ) -> list[Published]:
        """Publishes all of a batch or none of it. Each event is a mapping with type and data, and with id, source, time and
        rooms where wanted (see make_event)."""
        if not events:
            return []
        own = {"source": self.source} if self.source is not None else {}
        return await self._publish([{**own, "id": str(uuid.uuid4()), **event} for event in events], traceparent)

    def current_traceparent(self) -> str | None:
        """The W3C trace context that is current where this is called."""
        return self._traceparent() if self._traceparent is not None else None

    async def _publish(self, body: Any, traceparent: str | None) -> list[Published]:
        if traceparent is None:
            traceparent = self.current_traceparent()
        headers = {"Content-Type": "application/json"}
        if key := self._key or os.environ.get("FANFARE_KEY"):
            headers["Authorization"] = f"Bearer {key}"
        if traceparent:
            headers["traceparent"] = traceparent
        content = json.dumps(to_plain(body), separators=(",", ":")).encode()
        response = await self._post(self.url + "/api/v1/events", content, headers)
        return [Published(id=entry["id"], cursor=entry["cursor"]) for entry in response.json()["events"]]

    async def _post(self, url: str, content: bytes, headers: dict[str, str]) -> httpx.Response:
        clock = asyncio.get_running_loop().time
        begun = clock()
        for attempt in count(1):
            last: FanfareError
            retry_after: float | None = None
            try:
                response = await self._client().post(url, content=content, headers=headers)
            except httpx.TransportError as failure:
                last = Unreachable(f"{url.removesuffix('/api/v1/events')} did not answer: {failure!r}")
            else:
                if response.status_code == 202:
                    return response
                last = failure_of(response)
                if response.status_code not in RETRYABLE_STATUS:
                    raise last
                retry_after = parse_retry_after(response.headers.get("Retry-After"))
            wait = self._retry.wait(attempt, retry_after, clock() - begun)
            if wait is None:
                raise last
            await asyncio.sleep(wait)
        raise AssertionError  # count() does not end


def make_event(
    type: str,
    data: Any,
    *,
    rooms: Sequence[str] | None = None,
    id: str | None = None,
    source: str | None = None,
    time: str | datetime | None = None,
) -> dict[str, Any]:
    """One event as the server reads it; members left out are left to the server, but for the id."""
    event: dict[str, Any] = {"type": type, "data": data, "id": id or str(uuid.uuid4())}
    if rooms is not None:
        event["rooms"] = [rooms] if isinstance(rooms, str) else list(rooms)
    if source is not None:
        event["source"] = source
    if isinstance(time, datetime) and time.tzinfo is None:
        raise Invalid(f"{time!r} needs a time zone", status=400, pointer="/time")
    if time is not None:
        event["time"] = time
    return event


def failure_of(response: httpx.Response) -> FanfareError:
    """The exception for an answer that is not 202 (problem+json, RFC 9457)."""
    try:
        problem = response.json()
    except ValueError:
        problem = None
    if not isinstance(problem, dict):
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


_broadcasters: dict[tuple[str | None, str | None], Broadcaster] = {}


def get_broadcaster(url: str | None = None, key: str | None = None) -> Broadcaster:
    """The process's broadcaster for this URL and key, made on first use; at import time is fine."""
    if (url, key) not in _broadcasters:
        _broadcasters[(url, key)] = Broadcaster(url, key)
    return _broadcasters[(url, key)]
