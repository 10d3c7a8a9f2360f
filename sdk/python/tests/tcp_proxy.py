"""A TCP proxy that counts connections and can lose an answer at a chosen moment."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import TracebackType
from urllib.parse import urlsplit


class TcpProxy:
    """Forwards bytes to `upstream`, a URL that may be changed while it runs: new connections go to the new one.

    `on_answer` is called with the first bytes of every answer before any of it is passed on. What it returns is passed on
    in its place; None cuts the client off, so that it never learns that the server has done what it asked.
    """

    def __init__(self, upstream: str, on_answer: Callable[[bytes], bytes | None] = lambda answer: answer) -> None:
        self.upstream = upstream
        self.on_answer = on_answer
        self.accepted = 0
        self.open = 0
        self.open_most = 0
        self.requests: list[bytes] = []
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> TcpProxy:
        self._listener = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.url = "http://%s:%d" % self._listener.sockets[0].getsockname()[:2]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, why: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        """Resets the connections there are; new ones are taken."""
        for task in self._tasks:
            task.cancel()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.accepted += 1
        self.open += 1
        self.open_most = max(self.open_most, self.open)
        try:
            target = urlsplit(self.upstream)
            upstream = await asyncio.open_connection(target.hostname, target.port)
            try:
                await asyncio.gather(self._requests(reader, upstream[1]), self._answers(upstream[0], writer))
            finally:
                upstream[1].transport.abort()
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self.open -= 1
            self._tasks.discard(task)
            writer.close()

    async def _requests(self, reader: asyncio.StreamReader, upstream: asyncio.StreamWriter) -> None:
        while part := await reader.read(65536):
            self.requests.append(part)
            upstream.write(part)
            await upstream.drain()
        raise ConnectionResetError

    async def _answers(self, upstream: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while part := await upstream.read(65536):
            answer = self.on_answer(part)
            if answer is None:
                writer.transport.abort()
                break
            writer.write(answer)
            await writer.drain()
        raise ConnectionResetError
