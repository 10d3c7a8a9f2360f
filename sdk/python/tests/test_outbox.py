"""Events that wait for a server that is away."""

from __future__ import annotations

import asyncio
import socket
import unittest
from typing import Any

from fanfare import Broadcaster, FanfareError, Invalid, Outbox, OutboxFull, Published, RetryPolicy
from live_server import KEY, PATIENCE, LiveServer
from tcp_proxy import TcpProxy

QUICK = RetryPolicy(budget=0.1, first_delay=0.01, longest_delay=0.01)


class Outboxes(unittest.IsolatedAsyncioTestCase):
    server: LiveServer

    @classmethod
    def setUpClass(cls) -> None:
        cls.server = cls.enterClassContext(LiveServer())

    async def away(self) -> tuple[TcpProxy, Broadcaster]:
        """A server that is not there yet, behind an address that stays."""
        unused = self.enterContext(socket.socket())
        unused.bind(("127.0.0.1", 0))
        proxy = await self.enterAsyncContext(TcpProxy("http://127.0.0.1:%d" % unused.getsockname()[1]))
        return proxy, await self.enterAsyncContext(Broadcaster(proxy.url, KEY, retry=QUICK))

    async def test_events_wait_for_the_server_and_leave_in_order(self) -> None:
        proxy, broadcaster = await self.away()
        outcomes: list[tuple[dict[str, Any], Published | FanfareError]] = []
        outbox = Outbox(broadcaster, report=lambda event, outcome: outcomes.append((event, outcome)))
        queued = [await outbox.broadcast_issue_closed(project_id="out", number=n) for n in range(1, 6)]
        await outbox.publish("project.exploded", {})
        queued.append(await outbox.broadcast_issue_closed(project_id="out", number=6))
        self.assertEqual(outbox.pending, 7)
        while proxy.accepted < 3:  # tried, and tried again
            await asyncio.sleep(0)
        proxy.upstream = self.server.url
        await asyncio.wait_for(outbox.flush(), PATIENCE)
        self.assertEqual(await outbox.aclose(), [])
        history = self.server.history("project:out")
        self.assertEqual([event["id"] for event in history], [item.id for item in queued])
        self.assertEqual([event["data"]["number"] for event in history], [1, 2, 3, 4, 5, 6])
        self.assertEqual([type(outcome) for _, outcome in outcomes], [Published] * 5 + [Invalid, Published])

    async def test_it_is_bounded_and_gives_back_what_it_could_not_send(self) -> None:
        _, broadcaster = await self.away()
        outbox = Outbox(broadcaster, size=2)
        for number in (1, 2):
            await outbox.broadcast_issue_closed(project_id="full", number=number)
        with self.assertRaises(OutboxFull):
            await outbox.broadcast_issue_closed(project_id="full", number=3)
        with self.assertRaises(Invalid):
            await Outbox(broadcaster).publish("project.updated", {"x": object()})
        left = await outbox.aclose(timeout=0.05)
        self.assertEqual([event["data"]["number"] for event in left], [1, 2])
        self.assertEqual(outbox.pending, 0)


if __name__ == "__main__":
    unittest.main()
