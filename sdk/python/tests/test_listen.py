"""Receiving over connections that break, servers that restart and tokens that end."""

from __future__ import annotations

import asyncio
import unittest
from typing import Any

from fanfare import Broadcaster, Invalid, Refused, RetryPolicy, listen
from live_server import KEY, PATIENCE, LiveServer
from tcp_proxy import TcpProxy

QUICK = RetryPolicy(first_delay=0.01, longest_delay=0.05)


class Listening(unittest.IsolatedAsyncioTestCase):
    server: LiveServer

    @classmethod
    def setUpClass(cls) -> None:
        cls.server = cls.enterClassContext(LiveServer())

    def token(self, *projects: str) -> str:
        return self.server.token("--sub", "alice", *(part for name in projects for part in ("--project", name)))

    async def publish(self, project: str, *numbers: int) -> None:
        async with Broadcaster(self.server.url, KEY) as broadcaster:
            for number in numbers:
                await broadcaster.broadcast_issue_closed(project_id=project, number=number)

    async def collect(self, events: Any, count: int) -> list[int]:
        async def some() -> list[int]:
            return [(await anext(events))["data"]["number"] for _ in range(count)]

        return await asyncio.wait_for(some(), PATIENCE)

    async def test_every_event_once_and_in_order_over_broken_connections(self) -> None:
        await self.publish("broken", 1)
        (start,) = self.server.history("project:broken")
        async with TcpProxy(self.server.url) as proxy:
            events = listen(
                "project:broken", url=proxy.url, token=lambda: self.token("broken"), since=start["cursor"], retry=QUICK
            )
            expected = list(range(2, 62))
            received = []
            for first in range(2, 62, 10):
                await self.publish("broken", *range(first, first + 5))
                received += await self.collect(events, 5)
                proxy.cut()
                await self.publish("broken", *range(first + 5, first + 10))
                received += await self.collect(events, 5)
            self.assertEqual(received, expected)
            self.assertGreaterEqual(proxy.accepted, 6)
            await events.aclose()

    async def test_begins_with_the_newest(self) -> None:
        await self.publish("newest", 1, 2, 3)
        events = listen(["project:newest"], url=self.server.url, token=self.token("newest"), last=2)
        self.assertEqual(await self.collect(events, 2), [2, 3])
        await events.aclose()

    async def test_says_what_is_missing(self) -> None:
        gaps: list[bool] = []
        events = listen(
            "project:gap", url=self.server.url, token=self.token("gap"), since="otherlife-7", on_gap=lambda: gaps.append(True)
        )
        first = asyncio.ensure_future(self.collect(events, 1))
        while not gaps:
            await asyncio.sleep(0)
        await self.publish("gap", 1)
        self.assertEqual(await first, [1])
        await events.aclose()

    async def test_refusals(self) -> None:
        with self.assertRaisesRegex(Refused, "token_invalid"):
            await anext(listen("project:1", url=self.server.url, token="nonsense"))
        with self.assertRaisesRegex(Refused, "forbidden"):
            await anext(listen("project:2", url=self.server.url, token=self.token("1")))
        with self.assertRaises(Invalid) as caught:
            await anext(listen("project:1", url=self.server.url, token=self.token("1"), filter={"like": {}}))
        self.assertTrue(caught.exception.pointer.startswith("/filter"))

    async def test_a_token_function_is_asked_again(self) -> None:
        tokens = ["<html>502</html>", self.token("again")]
        await self.publish("again", 1)
        events = listen("project:again", url=self.server.url, token=lambda: tokens.pop(0), last=1, retry=QUICK)
        self.assertEqual(await self.collect(events, 1), [1])
        self.assertEqual(tokens, [])
        await events.aclose()


if __name__ == "__main__":
    unittest.main()
