"""Publishers that number their events: `publishers.py COUNT EVENTS` with FANFARE_URL and FANFARE_KEY.

Each publishes its own numbers one after another with the SDK's own patience, or PATIENCE_S for each answer, and says at
the end how many were accepted.
"""

from __future__ import annotations

import asyncio
import os
import sys

from fanfare import Broadcaster


async def publish(broadcaster: Broadcaster, publisher: int, events: int) -> int:
    for number in range(events):
        await broadcaster.broadcast_project_updated(project_id="chaos", changes={"by": publisher, "n": number})
    return events


async def main() -> None:
    count, events = int(sys.argv[1]), int(sys.argv[2])
    broadcaster = Broadcaster(timeout=float(os.environ.get("PATIENCE_S", "5")))
    accepted = await asyncio.gather(*(publish(broadcaster, publisher, events) for publisher in range(count)))
    print("accepted", sum(accepted), flush=True)
    await broadcaster.aclose()


asyncio.run(main())
