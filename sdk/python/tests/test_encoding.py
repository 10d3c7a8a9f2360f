"""What event data may hold, beside FastAPI's jsonable_encoder, and against the real server."""

from __future__ import annotations

import unittest
from collections import deque
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum
from ipaddress import ip_address
from pathlib import PurePosixPath
from typing import Any
from uuid import UUID

from fastapi.encoders import jsonable_encoder
from pydantic import BaseModel, Field

from fanfare import Broadcaster, Invalid
from fanfare._encoding import to_plain
from live_server import KEY, LiveServer

ID = UUID("12345678-1234-5678-1234-567812345678")
NOON = datetime(2026, 1, 2, 12, 0, tzinfo=timezone.utc)


class Colour(str, Enum):
    RED = "red"


class Level(IntEnum):
    LOW = 1


@dataclass
class Place:
    x: int
    at: datetime


class Model(BaseModel):
    id: UUID
    colour: Colour
    price: Decimal
    shown: str = Field(serialization_alias="shownAs")


MODEL = Model(id=ID, colour=Colour.RED, price=Decimal("1.5"), shown="x")

SAME_AS_FASTAPI: dict[str, Any] = {
    "uuid": ID,
    "whole decimal": Decimal("12"),
    "decimal": Decimal("12.50"),
    "enum": Colour.RED,
    "int enum": Level.LOW,
    "date": date(2026, 1, 2),
    "time": time(12, 30),
    "datetime": NOON,
    "naive datetime": datetime(2026, 1, 2, 12),
    "duration": timedelta(minutes=1.5),
    "set": {1},
    "frozenset": frozenset({"a"}),
    "tuple": (1, "a", None),
    "deque": deque([1]),
    "path": PurePosixPath("/a/b"),
    "address": ip_address("127.0.0.1"),
    "bytes": b"abc",
    "dataclass": Place(1, NOON),
    "model": MODEL,
    "models": [MODEL],
    "names": {Colour.RED: 1, ID: 2},
    "plain": {"a": [1, 2.5, True, None, "x"]},
}


class Encoding(unittest.TestCase):
    def test_as_fastapi_does(self) -> None:
        for name, value in SAME_AS_FASTAPI.items():
            with self.subTest(name):
                self.assertEqual(to_plain(value), jsonable_encoder(value))
        self.assertEqual(to_plain(n for n in (1, 2)), [1, 2])
        self.assertEqual(to_plain({2: "a", None: "b", True: "c"}), {"2": "a", "true": "c", "null": "b"})

    def test_what_has_no_form_is_invalid_at_its_place(self) -> None:
        itself: dict[str, Any] = {}
        itself["again"] = itself
        cases: list[tuple[Any, str]] = [
            ({"a": object()}, "/a"),
            ({"a/b": {"c~": [1, {1: object}]}}, "/a~1b/c~0/1/1"),
            ({"price": float("nan")}, "/price"),
            ({"prices": [1.0, float("-inf")]}, "/prices/1"),
            ({"raw": b"\xff"}, "/raw"),
            ({"price": Decimal("NaN")}, "/price"),
            ({(1, 2): 3}, ""),
            (itself, "/again" * 64),
        ]
        for value, pointer in cases:
            with self.subTest(pointer), self.assertRaises(Invalid) as caught:
                to_plain(value)
            self.assertEqual(caught.exception.pointer, pointer)


class Publishing(unittest.IsolatedAsyncioTestCase):
    async def test_models_reach_the_server_and_faults_never_do(self) -> None:
        with LiveServer() as server:
            async with Broadcaster(server.url, KEY) as broadcaster:
                await broadcaster.broadcast_project_updated(project_id="p", changes={"model": MODEL, "at": NOON}, time=NOON)
                await broadcaster.publish("project.deleted", {"project_id": "p", "tags": {"x"}})
                with self.assertRaises(Invalid) as caught:
                    await broadcaster.broadcast_project_updated(project_id="p", changes={"model": object()})
                self.assertEqual(caught.exception.pointer, "/data/changes/model")
                with self.assertRaises(Invalid) as caught:
                    await broadcaster.publish_all([{"type": "x", "data": {}}, {"type": "x", "data": {"a": object()}}])
                self.assertEqual(caught.exception.pointer, "/1/data/a")
                with self.assertRaises(Invalid) as caught:
                    await broadcaster.publish("project.deleted", {"project_id": "p"}, time=datetime(2026, 1, 2))
                self.assertEqual(caught.exception.pointer, "/time")
            first, second = server.history("project:p")
            self.assertEqual(first["data"]["changes"], jsonable_encoder({"model": MODEL, "at": NOON}))
            self.assertEqual(first["time"], "2026-01-02T12:00:00.000Z")
            self.assertEqual(second["data"]["tags"], ["x"])


if __name__ == "__main__":
    unittest.main()
