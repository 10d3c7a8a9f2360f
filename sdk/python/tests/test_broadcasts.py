"""Every broadcast method against the running server, received by python-socketio."""

from __future__ import annotations

import asyncio
import unittest
from datetime import datetime, timezone
from typing import Any

import socketio  # type: ignore[import-untyped]

from fanfare import EVENT_TYPES, Broadcaster, Invalid
from live_server import KEY, PATIENCE, LiveServer

PROJECT = "project:p1"
AGENT = "agent:a1"

#: Type, what is published, and the first of its rooms by the contract's table; every optional field is given once.
CASES: list[tuple[str, dict[str, Any], str]] = [
    ("project.updated", {"project_id": "p1", "changes": {"name": "Ä"}, "name": "Apollo", "updated_by": "bob"}, PROJECT),
    ("project.deleted", {"project_id": "p1", "deleted_by": "bob"}, PROJECT),
    (
        "agent.status_changed",
        {
            "agent_id": "a1",
            "status": "busy",
            "previous_status": "idle",
            "project_id": "p1",
            "task": "review",
            "message": "reads",
        },
        AGENT,
    ),
    ("agent.connected", {"agent_id": "a1", "project_id": "p1", "name": "Ada", "capabilities": ["review"]}, AGENT),
    ("agent.disconnected", {"agent_id": "a1", "project_id": "p1", "reason": "done"}, AGENT),
    (
        "workflow.started",
        {"workflow_id": "w", "project_id": "p1", "name": "ci", "agent_id": "a1", "run_id": "r", "total_steps": 3},
        PROJECT,
    ),
    (
        "workflow.progress",
        {
            "workflow_id": "w",
            "project_id": "p1",
            "progress": 33.5,
            "status": "running",
            "step": "build",
            "step_index": 1,
            "total_steps": 3,
            "message": "builds",
            "agent_id": "a1",
        },
        PROJECT,
    ),
    (
        "workflow.completed",
        {"workflow_id": "w", "project_id": "p1", "duration_ms": 12, "result": {"ok": True}, "agent_id": "a1"},
        PROJECT,
    ),
    (
        "workflow.failed",
        {"workflow_id": "w", "project_id": "p1", "error": "no", "step": "build", "retryable": False, "agent_id": "a1"},
        PROJECT,
    ),
    (
        "pr.created",
        {
            "project_id": "p1",
            "number": 7,
            "title": "t",
            "author": "bob",
            "url": "https://example.com/7",
            "head": "topic",
            "base": "main",
            "draft": True,
        },
        PROJECT,
    ),
    (
        "pr.updated",
        {
            "project_id": "p1",
            "number": 7,
            "action": "edited",
            "title": "t2",
            "author": "bob",
            "url": "https://example.com/7",
            "changes": {"title": "t2"},
        },
        PROJECT,
    ),
    (
        "pr.closed",
        {"project_id": "p1", "number": 7, "merged": True, "closed_by": "bob", "url": "https://example.com/7"},
        PROJECT,
    ),
    (
        "issue.created",
        {
            "project_id": "p1",
            "number": 8,
            "title": "t",
            "author": "bob",
            "url": "https://example.com/8",
            "labels": ["bug"],
        },
        PROJECT,
    ),
    (
        "issue.updated",
        {
            "project_id": "p1",
            "number": 8,
            "action": "labeled",
            "title": "t",
            "url": "https://example.com/8",
            "labels": [],
            "changes": {},
        },
        PROJECT,
    ),
    (
        "issue.closed",
        {"project_id": "p1", "number": 8, "closed_by": "bob", "reason": "done", "url": "https://example.com/8"},
        PROJECT,
    ),
    (
        "ai.suggestion",
        {
            "project_id": "p1",
            "suggestion_id": "s",
            "kind": "refactor",
            "content": "less",
            "file": "a.py",
            "line": 3,
            "confidence": 0.5,
            "agent_id": "a1",
            "user_id": "alice",
        },
        "user:alice",
    ),
    (
        "ai.analysis_complete",
        {
            "project_id": "p1",
            "analysis_id": "n",
            "summary": "fine",
            "findings": [{"line": 1}],
            "duration_ms": 9,
            "agent_id": "a1",
        },
        PROJECT,
    ),
]


class Broadcasts(unittest.IsolatedAsyncioTestCase):
    server: LiveServer

    @classmethod
    def setUpClass(cls) -> None:
        cls.server = cls.enterClassContext(LiveServer())

    async def asyncSetUp(self) -> None:
        self.broadcaster = await self.enterAsyncContext(Broadcaster(self.server.url, KEY))

    async def test_every_method_delivers_its_event_once(self) -> None:
        self.assertEqual([case[0] for case in CASES], list(EVENT_TYPES))
        got: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        client = socketio.AsyncClient(reconnection=False)
        for type in EVENT_TYPES:
            client.on(type, got.put)
        token = self.server.token("--sub", "alice", "--project", "p1", "--agent", "a1")
        await client.connect(self.server.url, auth={"token": token}, wait_timeout=PATIENCE)
        self.addAsyncCleanup(client.disconnect)
        await client.call("subscribe", {"room": [PROJECT, AGENT]}, timeout=PATIENCE)

        for type, data, subject in CASES:
            broadcast = getattr(self.broadcaster, "broadcast_" + type.replace(".", "_"))
            accepted = await broadcast(**data)
            # One event travels at a time, so that one received twice is found out by the next.
            event = await asyncio.wait_for(got.get(), PATIENCE)
            with self.subTest(type):
                self.assertEqual((event["type"], event["data"], event["subject"]), (type, data, subject))
                self.assertEqual((event["id"], event["cursor"]), (accepted.id, accepted.cursor))
        self.assertTrue(got.empty())

    async def test_what_is_said_of_the_event_itself(self) -> None:
        await self.broadcaster.broadcast_project_updated(
            project_id="p2",
            changes={},
            rooms=["project:elsewhere"],
            event_id="chosen",
            source="/billing",
            time=datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc),
            extra={"due": datetime(2027, 1, 1, tzinfo=timezone.utc), "steps": (1, 2)},
        )
        self.assertEqual(self.server.history("project:p2"), [])
        (event,) = self.server.history("project:elsewhere")
        self.assertEqual((event["id"], event["source"]), ("chosen", "/billing"))
        self.assertEqual(datetime.fromisoformat(event["time"]), datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc))
        self.assertEqual(
            event["data"], {"project_id": "p2", "changes": {}, "due": "2027-01-01T00:00:00+00:00", "steps": [1, 2]}
        )

    async def test_a_time_without_a_zone_is_refused_here(self) -> None:
        with self.assertRaisesRegex(Invalid, "time zone"):
            await self.broadcaster.broadcast_project_deleted(project_id="p3", time=datetime(2026, 1, 2))
        self.assertEqual(self.server.history("project:p3"), [])

    async def test_a_batch_is_sent_whole_or_not_at_all(self) -> None:
        good = {"type": "project.deleted", "data": {"project_id": "p4"}}
        with self.assertRaisesRegex(Exception, "/1/data/project_id"):
            await self.broadcaster.publish_all([good, {"type": "project.deleted", "data": {"project_id": 4}}])
        self.assertEqual(self.server.history("project:p4"), [])

        published = await self.broadcaster.publish_all([{**good, "id": "first"}, good])
        self.assertEqual([item.id for item in published], [event["id"] for event in self.server.history("project:p4")])
        self.assertEqual(published[0].id, "first")
        self.assertEqual(await self.broadcaster.publish_all([]), [])

    async def test_the_trace_context_travels_with_the_event(self) -> None:
        given = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        current = "00-11111111111111111111111111111111-2222222222222222-01"
        await self.broadcaster.publish("project.deleted", {"project_id": "p5"}, traceparent=given)
        async with Broadcaster(self.server.url, KEY, source="/traced", traceparent=lambda: current) as traced:
            await traced.broadcast_project_deleted(project_id="p5")
            await traced.publish_all([{"type": "project.deleted", "data": {"project_id": "p5"}}])
        events = self.server.history("project:p5")
        self.assertEqual([event["traceparent"] for event in events], [given, current, current])
        self.assertEqual([event["source"] for event in events[1:]], ["/traced", "/traced"])


if __name__ == "__main__":
    unittest.main()
