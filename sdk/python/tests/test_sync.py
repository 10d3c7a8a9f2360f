"""Programs without asyncio."""

from __future__ import annotations

import inspect
import os
import unittest
from concurrent.futures import ThreadPoolExecutor

import fanfare
from fanfare import Invalid, sync
from live_server import KEY, LiveServer


class Sync(unittest.TestCase):
    server: LiveServer

    @classmethod
    def setUpClass(cls) -> None:
        cls.server = cls.enterClassContext(LiveServer())

    def test_the_same_methods(self) -> None:
        for name in dir(fanfare.Broadcaster):
            if name == "publish" or name == "publish_all" or name.startswith("broadcast_"):
                here, there = getattr(sync.Broadcaster, name), getattr(fanfare.Broadcaster, name)
                self.assertEqual(inspect.signature(here), inspect.signature(there), name)
                self.assertFalse(inspect.iscoroutinefunction(here), name)

    def test_publishes_from_any_thread(self) -> None:
        broadcaster = sync.get_broadcaster(self.server.url, KEY)
        self.assertIs(broadcaster, sync.get_broadcaster(self.server.url, KEY))
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(lambda n: broadcaster.broadcast_issue_closed(project_id="sync", number=n), range(1, 51)))
        numbers = sorted(event["data"]["number"] for event in self.server.history("project:sync"))
        self.assertEqual(numbers, list(range(1, 51)))
        with self.assertRaises(Invalid):
            broadcaster.publish("project.exploded", {})
        broadcaster.close()
        broadcaster.publish_all([{"type": "project.deleted", "data": {"project_id": "sync"}}])
        self.assertEqual(len(self.server.history("project:sync")), 51)

    def test_publishes_after_a_fork(self) -> None:
        with sync.Broadcaster(self.server.url, KEY) as broadcaster:
            broadcaster.broadcast_issue_closed(project_id="fork", number=1)
            child = os.fork()
            if child == 0:  # as Celery's and gunicorn's workers are made
                try:
                    sync.Broadcaster(self.server.url, KEY).broadcast_issue_closed(project_id="fork", number=2)
                    os._exit(0)
                finally:
                    os._exit(1)
            self.assertEqual(os.waitpid(child, 0)[1], 0)
        self.assertEqual([event["data"]["number"] for event in self.server.history("project:fork")], [1, 2])


if __name__ == "__main__":
    unittest.main()
