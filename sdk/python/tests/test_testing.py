"""fanfare.testing, as other people's tests use it: the server, its clients, and the pytest plugin in a run of its own."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from typing import Any
from unittest import mock

import httpx

from fanfare import Broadcaster, FanfareError, Invalid, Refused, get_broadcaster, sync
from fanfare.testing import FanfareServer, find_program
from live_server import PATIENCE, PROGRAM


def changed(project: str, **changes: Any) -> dict[str, Any]:
    return {"project_id": project, "changes": changes}


@mock.patch.dict(os.environ, FANFARE_PROGRAM=PROGRAM)
class Server(unittest.TestCase):
    server: FanfareServer

    @classmethod
    def setUpClass(cls) -> None:
        cls.enterClassContext(mock.patch.dict(os.environ, FANFARE_PROGRAM=PROGRAM, FANFARE_AUTH__ISSUER="of-the-environment"))
        cls.server = cls.enterClassContext(FanfareServer())

    def test_what_is_published_comes_in_order(self) -> None:
        with self.server.client("project:1", "agent:7") as client:
            first = self.server.publish("project.updated", changed("1", n=1))
            self.server.publish("agent.connected", {"agent_id": "7"})
            self.server.publish("project.updated", changed("2", n=2))
            self.assertEqual(client.wait_for("agent.connected")["data"], {"agent_id": "7"})
            self.assertEqual(client.wait_for("project.updated")["id"], first.id)
            self.assertEqual([event["type"] for event in client.events()], ["project.updated", "agent.connected"])
            self.assertEqual([event["data"]["changes"] for event in client.events("project.updated")], [{"n": 1}])

    def test_each_wait_takes_the_next(self) -> None:
        with self.server.client("project:1") as client:
            for n in range(4):
                self.server.publish("project.updated", changed("1", n=n))
            self.assertEqual(client.wait_for("project.updated", lambda event: bool(event["data"]["changes"]["n"] == 2))["data"]["changes"]["n"], 2)
            self.assertEqual([client.wait_for("project.updated")["data"]["changes"]["n"] for _ in range(3)], [0, 1, 3])

    def test_what_does_not_come_is_told_with_what_came(self) -> None:
        with self.server.client("project:1") as client:
            self.server.publish("project.updated", changed("1", n=1))
            with self.assertRaisesRegex(AssertionError, r'no pr.created within 0.01 s; what came:\n(nothing|.*"project.updated")'):
                client.wait_for("pr.created", timeout=0.01)
            pull_request = {"project_id": "1", "number": 4, "title": "Engine", "author": "ada"}
            self.server.publish("pr.created", pull_request)
            self.assertEqual(client.wait_for("pr.created")["data"], pull_request, "the wait before must not have taken it")

    def test_a_fault_of_where_is_the_waits(self) -> None:
        with self.server.client("project:1") as client:
            self.server.publish("project.updated", changed("1", n=1))
            with self.assertRaises(KeyError):
                client.wait_for("project.updated", lambda event: bool(event["data"]["colour"]))
            self.assertEqual(len(client.events()), 1)

    def test_a_user_and_what_others_may_not_have(self) -> None:
        suggestion = {"project_id": "1", "suggestion_id": "s", "kind": "style", "content": "shorter", "user_id": "alice"}
        with self.server.client("user:alice") as alice, self.server.client("user:bob", "project:1") as bob:
            self.server.publish("ai.suggestion", suggestion)
            self.assertEqual(alice.wait_for("ai.suggestion")["data"]["suggestion_id"], "s")
            self.assertEqual(bob.events(), [])
        self.assertEqual([event["data"]["suggestion_id"] for event in self.server.history("user:alice")], ["s"])

    def test_refusals(self) -> None:
        with self.assertRaisesRegex(Refused, "^forbidden"):
            self.server.client("project:1", token=self.server.token(projects=["2"])).__enter__()
        with self.assertRaisesRegex(Refused, "^token_expired"):
            self.server.client("project:1", token=self.server.token(projects=["1"], ttl=-100)).__enter__()
        with self.assertRaises(Invalid) as refused:
            self.server.publish("project.updated", {"project_id": "1", "changes": 7})
        self.assertEqual(refused.exception.pointer, "/data/changes")

    def test_tokens_have_what_is_asked_for(self) -> None:
        token = self.server.token("ci", scope=["events:publish"], team="blue")
        answer = httpx.post(
            f"{self.server.url}/api/v1/events",
            json={"type": "project.updated", "data": changed("1")},
            headers={"Authorization": f"Bearer {token}"},
            timeout=PATIENCE,
        )
        self.assertEqual(answer.status_code, 202)

    def test_broadcasters_of_the_process_publish_here(self) -> None:
        early, blocking, elsewhere = get_broadcaster(), sync.get_broadcaster(), Broadcaster("http://127.0.0.1:1", "key")

        async def work() -> None:
            await early.broadcast_project_updated(project_id="1", changes={"by": "asyncio"})
            await early.aclose()

        with self.server.as_default(), self.server.client("project:1") as client:
            asyncio.run(work())
            blocking.broadcast_project_updated(project_id="1", changes={"by": "thread"})
            self.assertEqual([event["data"]["changes"]["by"] for event in client.events()], ["asyncio", "thread"])
            self.assertEqual(elsewhere.url, "http://127.0.0.1:1")
        self.assertNotEqual(early.url, self.server.url)

    def test_on_the_loop_of_the_code_under_test(self) -> None:
        async def work() -> Any:
            async with Broadcaster(self.server.url, self.server.key) as broadcaster:
                with self.server.client("project:1") as client:
                    soon = asyncio.ensure_future(broadcaster.broadcast_project_updated(project_id="1", changes={"n": 1}))
                    event = await client.arrival("project.updated")
                    return (await soon).id == event["id"]

        self.assertTrue(asyncio.run(work()))

    def test_a_client_that_left_says_so(self) -> None:
        with self.server.client("project:1") as client:
            pass
        with self.assertRaisesRegex(FanfareError, "the client has left"):
            client.wait_for("project.updated")


class Program(unittest.TestCase):
    def test_named_on_the_path_or_missing(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            os.symlink(PROGRAM, Path(folder, "fanfare"))
            with mock.patch.dict(os.environ, PATH=folder):
                with mock.patch.dict(os.environ, FANFARE_PROGRAM=""):
                    self.assertEqual(find_program(), f"{folder}/fanfare")
                with mock.patch.dict(os.environ, FANFARE_PROGRAM="/nowhere/fanfare"):
                    with self.assertRaisesRegex(FanfareError, "FANFARE_PROGRAM is '/nowhere/fanfare', which is no program"):
                        find_program()
            with mock.patch.dict(os.environ, PATH="/nowhere", FANFARE_PROGRAM=""):
                with self.assertRaisesRegex(FanfareError, "no program fanfare on the PATH: name it in FANFARE_PROGRAM"):
                    find_program()

    @mock.patch.dict(os.environ, FANFARE_PROGRAM=PROGRAM)
    def test_settings_reach_it_and_what_is_wrong_with_them_is_told(self) -> None:
        with FanfareServer({"auth.issuer": "us", "cors.origins": ["http://a", "http://b"]}) as server:
            with server.client("project:1", token=server.token(projects="*", iss="us")) as client:
                self.assertEqual(client.events(), [])
            answer = httpx.get(server.url + "/healthz", headers={"Origin": "http://b"}, timeout=PATIENCE)
            self.assertEqual(answer.headers["Access-Control-Allow-Origin"], "http://b")
            with self.assertRaisesRegex(Refused, "^token_invalid"):
                server.client("project:1", token=server.token(projects="*")).__enter__()
        with self.assertRaisesRegex(FanfareError, r"(?s)ended with 2:.*limits\.conections.*limits\.connections"):
            FanfareServer({"limits.conections": 1}).start()

    def test_the_fixture_is_started_once_has_its_settings_and_ends(self) -> None:
        tests = {
            "conftest.py": "import pytest\n\n@pytest.fixture(scope='session')\ndef fanfare_settings():\n    return {'auth.issuer': 'us'}\n",
            "test_one.py": """
                import sys
                urls = set()
                def test_0():
                    assert "fanfare" not in sys.modules
                def test_a(fanfare_server):
                    urls.add(fanfare_server.url)
                    with fanfare_server.client("project:1", token=fanfare_server.token(projects="*", iss="us")) as client:
                        fanfare_server.publish("project.deleted", {"project_id": "1"})
                        assert client.wait_for("project.deleted")["subject"] == "project:1"
                def test_b(fanfare_server):
                    urls.add(fanfare_server.url)
                    assert len(urls) == 1
                    print("the server is", fanfare_server._process.pid)
            """,
        }
        with tempfile.TemporaryDirectory() as folder:
            for name, text in tests.items():
                lines = text.splitlines()
                Path(folder, name).write_text("\n".join(line.removeprefix(16 * " ") for line in lines))
            ran = subprocess.run(
                [sys.executable, "-m", "pytest", "-s", "-p", "no:cacheprovider", folder],
                env={**os.environ, "FANFARE_PROGRAM": PROGRAM},
                capture_output=True,
                text=True,
                timeout=3 * PATIENCE,
            )
        self.assertRegex(ran.stdout, "3 passed", ran.stderr)
        pid = int(ran.stdout.partition("the server is ")[2].split()[0])
        with self.assertRaises(ProcessLookupError):
            os.kill(pid, 0)


if __name__ == "__main__":
    unittest.main()
