"""The examples, as they stand: each against the running server, FastAPI and Temporal's own dev server."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from unittest import mock

import httpx
from temporalio.testing import ActivityEnvironment, WorkflowEnvironment

from live_server import KEY, PACKAGE, PATIENCE, LiveApp, LiveServer

EXAMPLES = PACKAGE / "examples"
sys.path.append(str(EXAMPLES))

import deploy_activities  # noqa: E402
import deploy_workflow  # noqa: E402
from fanfare import get_broadcaster  # noqa: E402


class Routers(unittest.TestCase):
    server: LiveServer

    @classmethod
    def setUpClass(cls) -> None:
        cls.server = cls.enterClassContext(LiveServer())

    def types_and_data(self, room: str) -> list[tuple[str, object]]:
        return [(event["type"], event["data"]) for event in self.server.history(room)]

    def test_projects_router(self) -> None:
        app = self.enterContext(LiveApp("projects_router:app", EXAMPLES, self.server.url))
        with httpx.Client(base_url=app.url, timeout=PATIENCE, params={"user": "bob"}) as client:
            answer = client.patch("/projects/123", json={"name": "Artemis"})
            self.assertEqual((answer.status_code, answer.json()), (200, {"name": "Artemis"}))
            self.assertEqual(client.delete("/projects/123").status_code, 204)
            self.assertEqual(client.delete("/projects/123").status_code, 404)
        self.assertEqual(
            self.types_and_data("project:123"),
            [
                ("project.updated", {"project_id": "123", "changes": {"name": "Artemis"}, "updated_by": "bob"}),
                ("project.deleted", {"project_id": "123", "deleted_by": "bob"}),
            ],
        )

    def test_agents_router(self) -> None:
        app = self.enterContext(LiveApp("agents_router:app", EXAMPLES, self.server.url))
        with httpx.Client(base_url=app.url, timeout=PATIENCE) as client:
            calls = [
                client.put("/agents/ada", json={"name": "Ada", "project_id": "9", "capabilities": ["review"]}),
                client.post("/agents/ada/status", json={"status": "busy", "task": "review"}),
                client.delete("/agents/ada", params={"reason": "done"}),
                client.post("/agents/ada/status", json={"status": "idle"}),
            ]
            self.assertEqual([call.status_code for call in calls], [204, 204, 204, 404])
        connected = {"agent_id": "ada", "name": "Ada", "project_id": "9", "capabilities": ["review"]}
        busy = {"agent_id": "ada", "status": "busy", "previous_status": "idle", "task": "review"}
        self.assertEqual(
            self.types_and_data("agent:ada"),
            [
                ("agent.connected", connected),
                ("agent.status_changed", busy),
                ("agent.disconnected", {"agent_id": "ada", "reason": "done"}),
            ],
        )
        self.assertEqual(self.types_and_data("project:9"), [("agent.connected", connected)])

    def test_agents_are_served_without_fanfare(self) -> None:
        server = LiveServer()
        with LiveApp("agents_router:app", EXAMPLES, server.url) as app:
            with httpx.Client(base_url=app.url, timeout=PATIENCE) as client:
                self.assertEqual(client.put("/agents/ada", json={"name": "Ada"}).status_code, 204)
                server.kill()
                self.assertEqual(client.post("/agents/ada/status", json={"status": "error"}).status_code, 204)

    def test_ai_service(self) -> None:
        async def run(*files: Path) -> bytes:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                EXAMPLES / "ai_service.py",
                "7",
                "alice",
                *files,
                env={**os.environ, "FANFARE_URL": self.server.url, "FANFARE_KEY": KEY},
                stdout=asyncio.subprocess.PIPE,
            )
            return (await process.communicate())[0]

        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder, "engine.py")
            source.write_text("a = 1\nb = " + 121 * "2" + "\nc = 3\n" + 122 * "#")
            self.assertEqual(asyncio.run(run(source)).strip(), b"2 suggestions")
        suggestions = self.server.history("user:alice")
        self.assertEqual({event["type"] for event in suggestions}, {"ai.suggestion"})
        self.assertEqual(sorted(event["data"]["line"] for event in suggestions), [2, 4])
        (summary,) = self.server.history("project:7")
        self.assertEqual((summary["type"], summary["source"]), ("ai.analysis_complete", "/ai-service"))
        self.assertEqual(summary["data"]["summary"], "2 long lines in 1 files")

    def test_ai_stream(self) -> None:
        with LiveServer(events__schemas=EXAMPLES / "ai_suggestion_part.json") as server:
            ran = subprocess.run(
                [sys.executable, EXAMPLES / "ai_stream.py", "7", "alice"],
                env={**os.environ, "FANFARE_URL": server.url, "FANFARE_KEY": KEY},
                stdout=subprocess.PIPE,
                text=True,
                timeout=PATIENCE,
            )
            (kept,) = server.history("user:alice")
        self.assertEqual((kept["type"], kept["data"]["content"]), ("ai.suggestion", ran.stdout.strip()))


class Temporal(unittest.IsolatedAsyncioTestCase):
    server: LiveServer

    @classmethod
    def setUpClass(cls) -> None:
        cls.server = cls.enterClassContext(LiveServer())
        cls.enterClassContext(mock.patch.dict(os.environ, {"FANFARE_URL": cls.server.url, "FANFARE_KEY": KEY}))
        cls.enterClassContext(mock.patch("fanfare._broadcaster._broadcasters", {}))

    async def asyncSetUp(self) -> None:
        self.addAsyncCleanup(get_broadcaster().aclose)

    @asynccontextmanager
    async def temporal(self) -> AsyncIterator[WorkflowEnvironment]:
        """Temporal's dev server, a process of its own."""
        program = shutil.which("temporal", path=os.path.dirname(sys.executable) + os.pathsep + os.environ["PATH"])
        async with await WorkflowEnvironment.start_local(dev_server_existing_path=program or "temporal") as environment:
            yield environment

    async def test_workflow_against_the_dev_server(self) -> None:
        async with self.temporal() as environment, deploy_workflow.worker(environment.client):

            async def deploy(id: str, *steps: str) -> str:
                return await environment.client.execute_workflow(
                    deploy_workflow.Deploy.run,
                    deploy_activities.Deployment(project_id=id, steps=list(steps)),
                    id=id,
                    task_queue=deploy_workflow.TASK_QUEUE,
                )

            self.assertEqual(await deploy("good", "build", "ship"), "deployed")
            self.assertEqual(await deploy("bad", "build", "explode", "ship"), "the step exploded")

        good = self.server.history("project:good")
        self.assertEqual(
            [event["type"] for event in good],
            ["workflow.started", "workflow.progress", "workflow.progress", "workflow.completed"],
        )
        self.assertEqual({event["data"]["workflow_id"] for event in good}, {"good"})
        self.assertEqual([event["data"]["progress"] for event in good[1:3]], [50, 100])
        bad = self.server.history("project:bad")
        self.assertEqual(
            [event["type"] for event in bad], ["workflow.started", "workflow.progress", "workflow.failed"]
        )
        self.assertEqual(bad[-1]["data"]["error"], "the step exploded")

    async def test_an_activity_tried_again_broadcasts_once(self) -> None:
        deployment = deploy_activities.Deployment(project_id="again", steps=["build"])
        for _ in range(2):
            await ActivityEnvironment().run(deploy_activities.announce_start, deployment)
        self.assertEqual([event["type"] for event in self.server.history("project:again")], ["workflow.started"])


if __name__ == "__main__":
    unittest.main()
