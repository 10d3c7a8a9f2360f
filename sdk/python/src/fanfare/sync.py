"""The same for programs without asyncio: Django, Celery, scripts.

    from fanfare.sync import get_broadcaster

    get_broadcaster().broadcast_project_updated(project_id="123", changes={"name": "Apollo"})
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Coroutine, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from . import _broadcaster
from ._broadcaster import Published
from ._events import SyncBroadcastMixin

Result = TypeVar("Result")


class _Loop:
    """One event loop on a thread of its own, for all broadcasters of the process; a fork begins another."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._pid = 0

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        with self._lock:
            if self._loop is None or self._pid != os.getpid():
                self._loop = asyncio.new_event_loop()
                self._pid = os.getpid()
                threading.Thread(target=self._loop.run_forever, name="fanfare", daemon=True).start()
            loop = self._loop
        return asyncio.run_coroutine_threadsafe(work, loop).result()


_loop = _Loop()
os.register_at_fork(after_in_child=lambda: _loop.__init__())  # type: ignore[misc]  # a lock may be held by a thread that is gone


class Broadcaster(SyncBroadcastMixin):
    """fanfare.Broadcaster, whose methods block until the server has answered. Any thread may call them at any time.

    Takes the same arguments.
    """

    def __init__(self, url: str | None = None, key: str | None = None, **options: Any) -> None:
        self._inner = _broadcaster.Broadcaster(url, key, **options)

    def __enter__(self) -> "Broadcaster":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connections; publishing again opens new ones."""
        _loop.run(self._inner.aclose())

    def publish(
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
        """Publishes one event. See fanfare.Broadcaster.publish."""
        return _loop.run(
            self._inner.publish(type, data, rooms=rooms, id=id, source=source, time=time, traceparent=traceparent)
        )

    def publish_all(self, events: Sequence[Mapping[str, Any]], *, traceparent: str | None = None) -> list[Published]:
        """Publishes all of a batch or none of it. See fanfare.Broadcaster.publish_all."""
        return _loop.run(self._inner.publish_all(events, traceparent=traceparent))


_broadcasters: dict[tuple[str | None, str | None], Broadcaster] = {}


def get_broadcaster(url: str | None = None, key: str | None = None) -> Broadcaster:
    """The process's broadcaster for this URL and key, made on first use; at import time is fine."""
    if (url, key) not in _broadcasters:
        _broadcasters[(url, key)] = Broadcaster(url, key)
    return _broadcasters[(url, key)]
