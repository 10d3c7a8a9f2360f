"""A Fanfare server for one's tests, and a client that keeps what it gets.

    def test_a_rename_is_told(fanfare_server):  # the pytest fixture; elsewhere: with FanfareServer() as fanfare_server:
        with fanfare_server.client("project:123") as client:
            rename("123", "Atlas")
            assert client.wait_for("project.updated")["data"]["changes"] == {"name": "Atlas"}

Nothing here sleeps, and the server listens on a free port.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import itertools
import json
import os
import re
import secrets
import shutil
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as Late
from contextlib import contextmanager
from typing import Any
from unittest import mock
from urllib.parse import quote

import httpx

from ._broadcaster import Published, failure_of, make_event
from ._encoding import to_plain
from ._errors import FanfareError
from ._listen import Event, listen

__all__ = ["EventClient", "FanfareServer", "find_program"]

#: Seconds. A wait ends at what it waits for; this is only for what does not come.
PATIENCE = 20.0
_MARK = "fanfare-testing-mark-"
_SAID_MAX = 200


def find_program() -> str:
    """The `fanfare` program: what FANFARE_PROGRAM names, else the one on the PATH."""
    named = os.environ.get("FANFARE_PROGRAM")
    found = shutil.which(named or "fanfare")
    if found is None and named:
        raise FanfareError(f"FANFARE_PROGRAM is {named!r}, which is no program")
    if found is None:
        raise FanfareError(
            "there is no program fanfare on the PATH: name it in FANFARE_PROGRAM (./dev build release makes build/release/bin/fanfare)"
        )
    return found


class FanfareServer:
    """`fanfare serve` as a process of its own, with everything in memory, from `start()` or entering it to `stop()` or leaving.

    `settings` are configuration keys, {"limits.connections": 5}. The environment's FANFARE_… variables do not reach it.
    """

    def __init__(self, settings: Mapping[str, object] | None = None) -> None:
        self.secret = secrets.token_urlsafe(32)
        self.key = secrets.token_urlsafe(16)
        #: Its address, http://127.0.0.1:PORT.
        self.url = ""
        own = {"auth.secret": self.secret, "publish.keys": self.key, "server.workers": 1, "server.drain_ms": 0, "log.level": "warn"}
        self._settings: dict[str, object] = {**own, **(settings or {})}
        self._said: deque[str] = deque(maxlen=_SAID_MAX)
        self._numbers = itertools.count(1)

    def start(self) -> "FanfareServer":
        environment = {name: text for name, text in os.environ.items() if not name.startswith("FANFARE_")}
        for key, value in self._settings.items():
            text = json.dumps(value) if isinstance(value, (list, dict, bool)) else str(value)
            environment["FANFARE_" + key.replace(".", "__").upper()] = text
        self._process = subprocess.Popen(
            [find_program(), "serve", "--listen", "127.0.0.1:0"],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        listening: Future[str] = Future()
        self._reader = threading.Thread(target=self._read, args=(listening,), name="fanfare output", daemon=True)
        self._reader.start()
        try:
            self.url = listening.result(PATIENCE)
        except BaseException:
            self.stop()
            raise
        return self

    def _read(self, listening: Future[str]) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._said.append(line)
            if not listening.done() and (found := re.match(r"fanfare listening on (https?://\S+)", line)):
                listening.set_result(found[1].rstrip("/"))
        if not listening.done():
            listening.set_exception(FanfareError(f"fanfare serve ended with {self._process.wait()}:\n{self.output}"))

    @property
    def output(self) -> str:
        """The last that it wrote, its log included."""
        return "".join(self._said)

    def stop(self) -> None:
        """Ends it: SIGTERM, and SIGKILL when that does not."""
        self._process.terminate()
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def __enter__(self) -> "FanfareServer":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def environment(self) -> dict[str, str]:
        """What a program needs to publish here."""
        return {"FANFARE_URL": self.url, "FANFARE_KEY": self.key}

    @contextmanager
    def as_default(self) -> Iterator[None]:
        """Meanwhile every broadcaster and `listen` of this process that was given no URL means this server."""
        with mock.patch.dict(os.environ, self.environment):
            yield

    def token(
        self,
        sub: str = "test",
        *,
        projects: Sequence[str] | str = (),
        agents: Sequence[str] | str = (),
        roles: Sequence[str] = (),
        scope: Sequence[str] = (),
        ttl: float = 3600,
        **claims: Any,
    ) -> str:
        """A token of the user `sub`: "*" as `projects` or `agents` is all. `ttl` is seconds, also below 0; `claims` are more of them."""
        now = int(time.time())
        lists = {"projects": projects, "agents": agents, "roles": roles, "scope": scope}
        given = {name: ids if isinstance(ids, str) else list(ids) for name, ids in lists.items() if ids}
        body = {"sub": sub, "iat": now - 1 if ttl > 0 else now - 3600, "exp": int(now + ttl), **given, **claims}
        parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in ({"alg": "HS256", "typ": "JWT"}, body)]
        signature = hmac.new(self.secret.encode(), b".".join(parts), hashlib.sha256).digest()
        return b".".join([*parts, base64.urlsafe_b64encode(signature).rstrip(b"=")]).decode()

    def publish(self, type: str, data: Any, *, rooms: Sequence[str] | None = None, id: str | None = None) -> Published:
        """Publishes an event as a back-end would."""
        body = json.dumps(to_plain(make_event(type, data, rooms=rooms, id=id))).encode()
        answer = self._request("POST", "/api/v1/events", content=body, headers={"Content-Type": "application/json"})
        (entry,) = answer["events"]
        return Published(id=entry["id"], cursor=entry["cursor"])

    def history(self, room: str) -> list[Event]:
        """What the room has had, oldest first: the newest 1,000 that are kept."""
        path = f"/api/v1/rooms/{quote(room, safe='')}/history"
        events: list[Event] = self._request("GET", path, params={"last": 1000, "limit": 1000})["events"]
        return [event for event in events if not event["id"].startswith(_MARK)]

    def _request(self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **options: Any) -> Any:
        answer = httpx.request(
            method, self.url + path, headers={"Authorization": f"Bearer {self.key}", **(headers or {})}, timeout=PATIENCE, **options
        )
        if not answer.is_success:
            raise failure_of(answer)
        return answer.json()

    def client(self, *rooms: str, token: str | None = None) -> "EventClient":
        """A client in these rooms, and in those of its user, with a token for just that: `with server.client("project:1") as client:`."""
        if token is None:
            ids = [room.partition(":") for room in rooms]
            users = [id for kind, _, id in ids if kind == "user"]
            token = self.token(
                users[0] if users else f"test-{next(self._numbers)}",
                projects=[id for kind, _, id in ids if kind == "project"],
                agents=[id for kind, _, id in ids if kind == "agent"],
            )
        return EventClient(self, rooms, token)


class EventClient:
    """Receives events on a thread of its own, so that code with and without asyncio can be tested; in its rooms once entered.

    Entering it raises fanfare.Refused where the token or a room is not accepted.
    """

    def __init__(self, server: FanfareServer, rooms: Sequence[str], token: str) -> None:
        self._server = server
        self._rooms = rooms
        self._token = token
        self._lock = threading.Lock()
        self._events: list[Event] = []
        self._waiting: list[tuple[Callable[[Event], bool], Future[Event]]] = []
        self._taken: set[str] = set()
        self._failure: BaseException | None = None
        self._live: Future[None] = Future()

    def __enter__(self) -> "EventClient":
        self._thread = threading.Thread(target=self._run, name="fanfare client", daemon=True)
        self._thread.start()
        try:
            self._live.result(PATIENCE)
        except BaseException:
            self._leave()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._leave()

    def events(self, *types: str) -> list[Event]:
        """All that came, in order, or those of these types. Whatever was published before this call is among them: so this is
        how one finds that something was *not* sent."""
        mark = _MARK + secrets.token_hex(8)
        claims = json.loads(base64.urlsafe_b64decode(self._token.split(".")[1] + "=="))
        arrived = self._expect(lambda event: event["id"] == mark)
        data = {"project_id": "0", "suggestion_id": mark, "kind": "mark", "content": "", "user_id": claims["sub"]}
        self._server.publish("ai.suggestion", data, id=mark)
        arrived.result(PATIENCE)
        with self._lock:
            return [event for event in self._events if not types or event["type"] in types]

    def wait_for(self, type: str, where: Callable[[Event], bool] = lambda event: True, *, timeout: float = PATIENCE) -> Event:
        """The first event of this type, of which `where` holds, that no wait has had yet. Blocks until it is there: where the
        code under test runs on this thread's event loop, `await client.arrival(…)`."""
        expected = self._next(type, where)
        try:
            return expected.result(timeout)
        except Late:
            expected.cancel()
            raise self._missed(type, timeout) from None

    async def arrival(self, type: str, where: Callable[[Event], bool] = lambda event: True, *, timeout: float = PATIENCE) -> Event:
        """wait_for() for asyncio."""
        try:
            return await asyncio.wait_for(asyncio.wrap_future(self._next(type, where)), timeout)
        except asyncio.TimeoutError:
            raise self._missed(type, timeout) from None

    def _missed(self, type: str, timeout: float) -> AssertionError:
        with self._lock:
            came = "\n".join(json.dumps(event) for event in self._events) or "nothing"
        return AssertionError(f"no {type} within {timeout} s; what came:\n{came}")

    def _next(self, type: str, where: Callable[[Event], bool]) -> Future[Event]:
        return self._expect(lambda event: event["type"] == type and not event["id"].startswith(_MARK) and where(event))

    def _expect(self, wanted: Callable[[Event], bool]) -> Future[Event]:
        expected: Future[Event] = Future()
        with self._lock:
            for event in self._events:
                if event["id"] not in self._taken and wanted(event):
                    self._taken.add(event["id"])
                    expected.set_result(event)
                    return expected
            if self._failure is not None:
                expected.set_exception(self._failure)
            else:
                self._waiting.append((wanted, expected))
        return expected

    def _receive(self, event: Event) -> None:
        mark = event["id"].startswith(_MARK)
        with self._lock:
            if not mark:
                self._events.append(event)
            self._waiting = [waiting for waiting in self._waiting if not waiting[1].cancelled()]
            for waiting in self._waiting:
                if self._ends(event, *waiting):
                    self._waiting.remove(waiting)
                    return

    def _ends(self, event: Event, wanted: Callable[[Event], bool], expected: Future[Event]) -> bool:
        try:
            if not wanted(event) or not expected.set_running_or_notify_cancel():
                return False
        except Exception as failure:  # of the caller's `where`
            expected.set_exception(failure)
            return True
        self._taken.add(event["id"])
        expected.set_result(event)
        return True

    def _fail(self, failure: BaseException) -> None:
        with self._lock:
            self._failure = failure
            waiting, self._waiting = self._waiting, []
        if not self._live.done():
            self._live.set_exception(failure)
        for _, expected in waiting:
            if not expected.cancelled() and expected.set_running_or_notify_cancel():
                expected.set_exception(failure)

    def _run(self) -> None:
        try:
            asyncio.run(self._main())
        except Exception as failure:
            self._fail(failure)
        else:
            self._fail(FanfareError("the client has left"))

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.ensure_future(self._listen())
        try:
            await self._task
        except asyncio.CancelledError:
            pass

    async def _listen(self) -> None:
        def live() -> None:
            if not self._live.done():
                self._live.set_result(None)

        stream = listen(self._rooms, url=self._server.url, token=self._token, on_live=live)
        try:
            async for event in stream:
                self._receive(event)
        finally:
            await stream.aclose()

    def _leave(self) -> None:
        if not self._thread.is_alive():
            return
        try:
            self._loop.call_soon_threadsafe(self._task.cancel)
        except RuntimeError:
            pass  # its loop has just ended
        self._thread.join()
