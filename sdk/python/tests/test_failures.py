"""What publishing fails with, and when it is tried again: the real server behind a proxy that can lose answers."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import unittest
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timezone

import httpx

from fanfare import (
    Broadcaster,
    Draining,
    FanfareError,
    Invalid,
    RateLimited,
    Refused,
    RetryPolicy,
    Unreachable,
    get_broadcaster,
)
from fanfare._retry import parse_retry_after
from live_server import HERE, KEY, PACKAGE, PATIENCE, LiveServer
from tcp_proxy import TcpProxy


@dataclass(frozen=True)
class Impatient(RetryPolicy):
    """Waits never, and writes down what it was asked."""

    asked: list[tuple[int, float | None]] = field(default_factory=list)

    def delay(self, attempt: int, retry_after: float | None) -> float:
        self.asked.append((attempt, retry_after))
        return 0.0


class Failures(unittest.IsolatedAsyncioTestCase):
    server: LiveServer

    @classmethod
    def setUpClass(cls) -> None:
        cls.server = cls.enterClassContext(LiveServer())

    async def broadcaster(self, url: str, key: str = KEY, **options: object) -> Broadcaster:
        return await self.enterAsyncContext(Broadcaster(url, key, **options))  # type: ignore[arg-type]

    async def test_a_url_without_a_scheme_is_refused_at_once(self) -> None:
        with self.assertRaisesRegex(FanfareError, "write http://localhost:8000"):
            Broadcaster("localhost:8000", KEY)

    async def test_a_string_is_one_room(self) -> None:
        broadcaster = await self.broadcaster(self.server.url)
        await broadcaster.publish("project.updated", {"project_id": "p", "changes": {}}, rooms="project:one-string")
        self.assertEqual(len(self.server.history("project:one-string")), 1)

    async def test_a_bad_payload_is_invalid_at_a_place(self) -> None:
        broadcaster = await self.broadcaster(self.server.url)
        with self.assertRaises(Invalid) as caught:
            await broadcaster.broadcast_workflow_progress(workflow_id="w", project_id="p", progress=101)
        self.assertEqual((caught.exception.status, caught.exception.pointer), (400, "/data/progress"))
        with self.assertRaises(Invalid) as caught:
            await broadcaster.publish("project.exploded", {})
        self.assertEqual(caught.exception.pointer, "/type")

    async def test_a_payload_too_large_is_invalid(self) -> None:
        broadcaster = await self.broadcaster(self.server.url)
        with self.assertRaises(Invalid) as caught:
            await broadcaster.broadcast_project_updated(project_id="p", changes={"text": "x" * 300_000})
        self.assertEqual(caught.exception.status, 413)

    async def test_a_wrong_key_is_refused_at_the_first_attempt(self) -> None:
        retry = Impatient()
        broadcaster = await self.broadcaster(self.server.url, "not-a-key-of-this-server", retry=retry)
        with self.assertRaises(Refused) as caught:
            await broadcaster.broadcast_project_deleted(project_id="p")
        self.assertEqual((caught.exception.status, retry.asked), (401, []))
        reader = await self.broadcaster(self.server.url, self.server.token("--sub", "alice", "--project", "p"))
        with self.assertRaises(Refused) as caught:
            await reader.broadcast_project_deleted(project_id="p")
        self.assertEqual(caught.exception.status, 403)

    async def test_no_server_is_unreachable_after_every_attempt(self) -> None:
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))  # taken, but nobody listens
            retry = Impatient(attempts=3)
            broadcaster = await self.broadcaster("http://127.0.0.1:%d" % unused.getsockname()[1], retry=retry)
            with self.assertRaises(Unreachable):
                await broadcaster.broadcast_project_deleted(project_id="p")
        self.assertEqual(retry.asked, [(1, None), (2, None)])

    async def test_a_server_that_does_not_answer_is_timed_out(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            retry = Impatient(attempts=2)
            broadcaster = await self.broadcaster(
                "http://127.0.0.1:%d" % silent.getsockname()[1], retry=retry, timeout=0.05
            )
            with self.assertRaisesRegex(Unreachable, "Timeout"):
                await broadcaster.broadcast_project_deleted(project_id="p")
        self.assertEqual(len(retry.asked), 1)

    async def test_too_fast_waits_as_long_as_the_server_says(self) -> None:
        server = self.enterContext(LiveServer(limits__publish_per_second=1, limits__publish_burst=600))
        patient = await self.broadcaster(server.url)
        event = {"type": "project.deleted", "data": {"project_id": "p"}}
        await patient.publish_all([event] * 600)

        retry = Impatient(attempts=2)
        hasty = await self.broadcaster(server.url, retry=retry)
        with self.assertRaises(RateLimited):
            await hasty.publish_all([event] * 500)
        ((attempt, retry_after),) = retry.asked
        self.assertEqual(attempt, 1)
        self.assertTrue(retry_after is not None and 1 < retry_after <= 500, retry_after)

        # Backing off by itself it would have given up within milliseconds.
        waits = await self.broadcaster(server.url, retry=RetryPolicy(attempts=2, first_delay=0.001))
        await waits.publish_all([event])
        self.assertEqual(len(server.history("project:p")), 601)

    async def test_a_draining_server_is_left_for_the_next_one(self) -> None:
        leaving = LiveServer(server__drain_ms=600_000)
        self.addCleanup(leaving.kill)
        leaving.terminate()
        async with httpx.AsyncClient() as client:
            while (await client.get(leaving.url + "/readyz")).status_code != 503:
                pass
        alone = await self.broadcaster(leaving.url, retry=Impatient(attempts=2))
        with self.assertRaises(Draining):
            await alone.broadcast_project_deleted(project_id="drained")

        proxy = await self.enterAsyncContext(TcpProxy(leaving.url))

        def then_another(answer: bytes) -> bytes | None:
            # As a balancer does that has seen /readyz: the next request goes elsewhere, by a new connection.
            proxy.upstream = self.server.url
            return answer.replace(b"\r\n", b"\r\nConnection: close\r\n", 1)

        proxy.on_answer = then_another
        retry = Impatient()
        broadcaster = await self.broadcaster(proxy.url, retry=retry)
        published = await broadcaster.broadcast_project_deleted(project_id="drained")
        self.assertEqual(retry.asked, [(1, 1.0)])
        self.assertEqual([event["id"] for event in self.server.history("project:drained")], [published.id])

    async def test_a_restart_of_the_server_is_waited_for(self) -> None:
        with socket.socket() as reserved:
            reserved.bind(("127.0.0.1", 0))
            proxy_upstream = "http://127.0.0.1:%d" % reserved.getsockname()[1]
            proxy = await self.enterAsyncContext(TcpProxy(proxy_upstream))
            refused: list[float] = []

            class Noting(RetryPolicy):
                def wait(self, attempt: int, retry_after: float | None, elapsed: float) -> float | None:
                    refused.append(elapsed)
                    if len(refused) == 8:  # more than the five attempts of once
                        proxy.upstream = server.url
                    return super().wait(attempt, retry_after, elapsed)

            server = self.server
            broadcaster = await self.broadcaster(proxy.url, retry=Noting(first_delay=0.01, longest_delay=0.01))
            published = await broadcaster.broadcast_project_deleted(project_id="restarted")
        self.assertGreaterEqual(len(refused), 8)
        self.assertEqual([event["id"] for event in self.server.history("project:restarted")], [published.id])

    async def test_a_lost_answer_does_not_send_twice(self) -> None:
        lost: list[bytes] = []

        def lose_the_first_two(answer: bytes) -> bytes | None:
            lost.append(answer)
            return answer if len(lost) > 2 else None

        proxy = await self.enterAsyncContext(TcpProxy(self.server.url, lose_the_first_two))
        retry = Impatient()
        broadcaster = await self.broadcaster(proxy.url, retry=retry)
        published = await broadcaster.broadcast_issue_closed(project_id="lost", number=1)
        self.assertTrue(lost[0].startswith(b"HTTP/1.1 202"), "the server had accepted it before the answer was lost")
        self.assertEqual((len(retry.asked), len(lost)), (2, 3))
        self.assertEqual([event["id"] for event in self.server.history("project:lost")], [published.id])

        lost.clear()
        batch = await broadcaster.publish_all([{"type": "project.deleted", "data": {"project_id": "lots"}}] * 3)
        self.assertEqual([event["id"] for event in self.server.history("project:lots")], [item.id for item in batch])

    async def test_answers_of_a_gateway_in_between(self) -> None:
        answers = [b"502 Bad Gateway", b"504 Gateway Timeout"]

        def gateway(answer: bytes) -> bytes | None:
            return b"HTTP/1.1 %s\r\nContent-Length: 11\r\n\r\n<h1>No</h1>" % answers.pop(0) if answers else answer

        proxy = await self.enterAsyncContext(TcpProxy(self.server.url, gateway))
        retry = Impatient(attempts=3)
        broadcaster = await self.broadcaster(proxy.url, retry=retry)
        published = await broadcaster.broadcast_issue_closed(project_id="gateway", number=1)
        self.assertEqual(retry.asked, [(1, None), (2, None)])
        self.assertEqual([event["id"] for event in self.server.history("project:gateway")], [published.id])

        answers[:] = [b"502 Bad Gateway"] * 3
        with self.assertRaisesRegex(Unreachable, "HTTP 502"):
            await broadcaster.broadcast_issue_closed(project_id="gateway", number=2)
        retry.asked.clear()
        answers[:] = [b"500 Internal Server Error"]
        with self.assertRaisesRegex(FanfareError, "HTTP 500") as caught:
            await broadcaster.broadcast_issue_closed(project_id="gateway", number=3)
        self.assertEqual((type(caught.exception), retry.asked), (FanfareError, []))

    async def test_a_publisher_killed_before_the_answer_may_run_again(self) -> None:
        answered = asyncio.Event()

        def hold(_: bytes) -> bytes | None:
            answered.set()
            return b""

        proxy = await self.enterAsyncContext(TcpProxy(self.server.url, hold))
        script = (
            "import asyncio, fanfare; print(asyncio.run(fanfare.get_broadcaster()"
            ".broadcast_pr_closed(project_id='killed', number=1, merged=True, event_id='delivery-1')).id)"
        )
        environment = {**os.environ, "FANFARE_KEY": KEY}
        first = await asyncio.create_subprocess_exec(
            sys.executable, "-c", script, env={**environment, "FANFARE_URL": proxy.url}
        )
        await asyncio.wait_for(answered.wait(), PATIENCE)
        first.kill()
        await first.wait()
        self.assertEqual(len(self.server.history("project:killed")), 1)
        again = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            script,
            env={**environment, "FANFARE_URL": self.server.url},
            stdout=subprocess.PIPE,
        )
        output, _ = await again.communicate()
        self.assertEqual((again.returncode, output.strip()), (0, b"delivery-1"))
        self.assertEqual([event["id"] for event in self.server.history("project:killed")], ["delivery-1"])


class Connections(unittest.IsolatedAsyncioTestCase):
    server: LiveServer

    @classmethod
    def setUpClass(cls) -> None:
        cls.server = cls.enterClassContext(LiveServer())

    async def test_connections_are_kept_and_no_more_than_the_pool_has(self) -> None:
        async with TcpProxy(self.server.url) as proxy, Broadcaster(proxy.url, KEY, pool_size=4, timeout=PATIENCE) as many:
            await asyncio.gather(*(many.broadcast_issue_closed(project_id="pool", number=n) for n in range(1, 101)))
            self.assertEqual(len(self.server.history("project:pool")), 100)
            self.assertLessEqual(proxy.open_most, 4)
            # What is kept is kept: not one connection a publish.
            self.assertLessEqual(proxy.accepted, 4)

    def test_every_event_loop_has_a_pool_of_its_own(self) -> None:
        broadcaster = Broadcaster(self.server.url, KEY)

        async def publish(number: int) -> None:
            await broadcaster.broadcast_issue_closed(project_id="loops", number=number)

        self.enterContext(warnings.catch_warnings(action="ignore", category=ResourceWarning))  # none is closed here
        asyncio.run(publish(1))
        asyncio.run(publish(2))  # the first loop is closed; its connections must not be used
        with ThreadPoolExecutor(4) as threads:
            list(threads.map(lambda number: asyncio.run(publish(number)), range(3, 11)))
        numbers = [event["data"]["number"] for event in self.server.history("project:loops")]
        self.assertEqual(sorted(numbers), list(range(1, 11)))

    async def test_publishing_after_closing_opens_anew(self) -> None:
        broadcaster = Broadcaster(self.server.url, KEY)
        for number in (1, 2):
            await broadcaster.broadcast_issue_closed(project_id="closed", number=number)
            await broadcaster.aclose()
        await broadcaster.aclose()
        self.assertEqual(len(self.server.history("project:closed")), 2)

    def test_one_broadcaster_for_a_server_and_key(self) -> None:
        self.assertIs(get_broadcaster("http://x", "k"), get_broadcaster("http://x", "k"))
        self.assertIsNot(get_broadcaster("http://x", "k"), get_broadcaster("http://x", "other"))


class Retries(unittest.TestCase):
    def test_retry_after_is_seconds_or_a_date(self) -> None:
        now = datetime(2026, 1, 1, tzinfo=timezone.utc)
        self.assertEqual(parse_retry_after("7"), 7.0)
        self.assertEqual(parse_retry_after("Thu, 01 Jan 2026 00:00:09 GMT", now), 9.0)
        self.assertIsNone(parse_retry_after("soon"))
        self.assertIsNone(parse_retry_after(None))

    def test_delays_grow_and_are_bounded(self) -> None:
        class Highest:
            def uniform(self, _: float, high: float) -> float:
                return high

        policy = RetryPolicy(first_delay=1, longest_delay=3, random=Highest())  # type: ignore[arg-type]
        self.assertEqual([policy.delay(attempt, None) for attempt in (1, 2, 3, 4, 10_000)], [1, 2, 3, 3, 3])
        self.assertEqual([policy.delay(1, after) for after in (0.0, 20.0, -5.0)], [0, 20, 0])

    def test_a_wait_fits_the_budget_and_obeys_the_server(self) -> None:
        policy = RetryPolicy(budget=15, first_delay=1, longest_delay=1)
        self.assertEqual(policy.wait(1, 15.0, 0.0), 15.0)
        self.assertIsNone(policy.wait(1, 15.1, 0.0), "sooner than the server says is not tried")
        self.assertIsNone(policy.wait(1, 5.0, 10.1))
        self.assertIsNotNone(policy.wait(10_000, None, 14.0), "as many as fit")
        self.assertIsNone(policy.wait(1, None, 15.1))
        self.assertIsNotNone(RetryPolicy(attempts=2).wait(1, None, 0.0))
        self.assertIsNone(RetryPolicy(attempts=2).wait(2, None, 0.0))


class Typing(unittest.TestCase):
    def test_strictly_typed(self) -> None:
        """The package, its examples and its tests under mypy --strict."""
        command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", os.devnull, "src", "examples", "tests"]
        run = subprocess.run(command, cwd=PACKAGE, capture_output=True, text=True, env={**os.environ, "MYPYPATH": str(HERE)})
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)


if __name__ == "__main__":
    unittest.main()
