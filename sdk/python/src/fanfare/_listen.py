"""Receiving events: one client of the official python-socketio that keeps its place in the server's log."""

from __future__ import annotations

import asyncio
import inspect
import os
from collections import OrderedDict
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import Any

from ._broadcaster import DEFAULT_URL
from ._errors import FanfareError, Invalid, Refused
from ._retry import RetryPolicy

Event = dict[str, Any]
Token = str | Callable[[], str | Awaitable[str]]

#: Codes that say nothing of the request: the same may do well later.
PASSING = frozenset({"rate_limited", "internal", "unavailable", "draining", "over_limit"})
#: Codes that another token may mend.
OF_THE_TOKEN = frozenset({"token_missing", "token_invalid", "token_expired"})
#: What the server says to this connection alone.
_OWN = frozenset({"connection.established", "connection.error", "subscribed", "unsubscribed", "pong"})
_WAITING_MAX = 10_000
_SEEN_MAX = 1000


class _Connection:
    """One connection: everything it brings goes into one queue, in the order it came. Past _WAITING_MAX it is given up;
    the next one asks for what was missed, so a slow reader costs no more memory than that."""

    def __init__(self, rooms: list[str], filter: Any, since: str | None, last: int | None) -> None:
        try:
            from socketio import AsyncClient  # type: ignore[import-untyped]
        except ImportError as missing:
            raise FanfareError('fanfare.listen needs python-socketio: pip install "fanfare[listen]"') from missing
        self.items: asyncio.Queue[tuple[str, Any]] = asyncio.Queue(_WAITING_MAX)
        self._request: dict[str, Any] = {"room": rooms}
        if filter is not None:
            self._request["filter"] = filter
        if since is not None:
            self._request["since"] = since
        elif last is not None:
            self._request["last"] = last
        self._client = AsyncClient(reconnection=False)
        self._client.on("*", self._event)
        self._client.on("connect_error", lambda data: self._put("refused", data))
        self._client.on("disconnect", lambda *reason: self._put("gone", reason))

    async def open(self, url: str, token: str) -> None:
        await self._client.connect(url, auth={"token": token}, wait=False, retry=False)

    async def close(self) -> None:
        await self._client.disconnect()

    async def _event(self, name: str, event: Any = None, *_: Any) -> None:
        if name == "connection.established":
            await self._subscribe(event)
        elif name not in _OWN:
            self._put("event", event)

    async def _subscribe(self, established: Event) -> None:
        self._put("established", established)
        if "since" in self._request or "last" in self._request:
            # The rooms that every connection is put into have a past, too.
            own = [room for room in established["data"]["rooms"] if room not in self._request["room"]]
            self._request["room"] = self._request["room"] + own
        if self._request["room"]:
            await self._client.emit("subscribe", self._request, callback=lambda answer: self._put("answer", answer))
        else:
            self._put("answer", {"ok": True, "recovered": True, "cursor": established["cursor"]})

    def _put(self, kind: str, item: Any) -> None:
        try:
            self.items.put_nowait((kind, item))
        except asyncio.QueueFull:
            asyncio.get_running_loop().create_task(self.close())


class _Place:
    """Up to where everything has been handed out. Until the server has answered `subscribe`, what it replays and what comes
    live may be mixed, so all is held back, each event at the place of its last arrival. Pure."""

    def __init__(self, cursor: str | None) -> None:
        self.cursor = cursor
        self._held: OrderedDict[str, Event] | None = None
        self._seen: OrderedDict[str, None] = OrderedDict()

    def begin(self) -> None:
        self._held = OrderedDict()

    def take(self, event: Event) -> list[Event]:
        if self._held is None:
            return self._fresh([event])
        self._held.pop(event["id"], None)
        self._held[event["id"]] = event
        return []

    def answered(self) -> list[Event]:
        held = list(self._held.values()) if self._held is not None else []
        self._held = None
        return self._fresh(held)

    def _fresh(self, events: list[Event]) -> list[Event]:
        fresh = [event for event in events if event["id"] not in self._seen]
        for event in fresh:
            self._seen[event["id"]] = None
        while len(self._seen) > _SEEN_MAX:
            self._seen.popitem(last=False)
        return fresh


async def listen(
    rooms: str | Sequence[str] = (),
    *,
    url: str | None = None,
    token: Token | None = None,
    since: str | None = None,
    last: int | None = None,
    filter: Any = None,
    on_gap: Callable[[], None] | None = None,
    on_live: Callable[[], None] | None = None,
    retry: RetryPolicy = RetryPolicy(),
) -> AsyncGenerator[Event, None]:
    """Yields the rooms' events, each once and in order, over any number of connections: `async for event in listen(...)`.

    `url` and `token` default to FANFARE_URL and FANFARE_TOKEN; a function gives a token for each connection. `since` is a
    cursor kept from earlier (an event's `cursor`), `last` how many of the newest come first. `on_gap` is called when events
    were missed that the server no longer has, `on_live` at each connection once the rooms are joined. Beside `rooms`, what
    is sent to the user and to all comes too.
    Raises Refused for a room or a token that is not accepted (a function is asked again instead), Invalid for a request
    that makes no sense.
    """
    url = (url or os.environ.get("FANFARE_URL") or DEFAULT_URL).rstrip("/")
    token = token or os.environ.get("FANFARE_TOKEN") or ""
    wanted = [rooms] if isinstance(rooms, str) else list(rooms)
    place = _Place(since)
    failures = 0
    while True:
        connection = _Connection(wanted, filter, place.cursor, last)
        asked_since = place.cursor is not None
        try:
            await connection.open(url, await _ask(token))
            place.begin()
            while True:
                kind, item = await connection.items.get()
                if kind == "event":
                    fresh = place.take(item)
                elif kind == "established":
                    # A connection lost before the first event comes back to here.
                    if place.cursor is None and last is None:
                        place.cursor = item["cursor"]
                    continue
                elif kind == "answer":
                    if not item.get("ok"):
                        raise _failure(item.get("error") or {})
                    if asked_since and not item["recovered"] and on_gap is not None:
                        on_gap()
                    if on_live is not None:
                        on_live()
                    fresh, failures = place.answered(), 0
                else:
                    if kind == "refused":
                        _check_refusal(item, token)
                    break
                for event in fresh:
                    place.cursor = event["cursor"]
                    yield event
                if kind == "answer":
                    place.cursor = item["cursor"]
        except _Later:
            pass
        except OSError:
            pass
        except _connection_error():
            pass
        finally:
            await connection.close()
        failures += 1
        await asyncio.sleep(retry.delay(failures, None))


class _Later(Exception):
    """What was refused for now."""


def _connection_error() -> type[Exception]:
    from socketio.exceptions import ConnectionError  # type: ignore[import-untyped]

    return ConnectionError  # type: ignore[no-any-return]


async def _ask(token: Token) -> str:
    if isinstance(token, str):
        return token
    given = token()
    return await given if inspect.isawaitable(given) else given


def _failure(error: dict[str, Any]) -> Exception:
    code, message = str(error.get("code")), str(error.get("message"))
    if code in PASSING:
        return _Later(code)
    if code == "bad_request":
        return Invalid(message, status=400, pointer=str(error.get("pointer") or ""))
    return Refused(f"{code}: {message}", status=403)


def _check_refusal(data: Any, token: Token) -> None:
    inner = data.get("data") if isinstance(data, dict) else None
    code = inner.get("code") if isinstance(inner, dict) else None
    if code is None or code in PASSING or (code in OF_THE_TOKEN and callable(token)):
        return
    raise Refused(f"{code}: {data.get('message')}", status=401)
