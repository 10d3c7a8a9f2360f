"""Publishers that number their events: `publishers.py COUNT EVENTS` with FANFARE_URL and FANFARE_KEY.

Each publishes its own numbers one after another with the SDK's own patience, and says at the end how many were accepted.
"""

from __future__ import annotations

import asyncio
import sys

from fanfare import get_broadcaster


async def publish(publisher: int, events: int) -> int:
    broadcaster = get_broadcaster()
    for number in range(events):
        await broadcaster.broadcast_project_updated(project_id="chaos", changes={"by": publisher, "n": number})
    return events


async def main() -> None:
    count, events = int(sys.argv[1]), int(sys.argv[2])
    accepted = await asyncio.gather(*(publish(publisher, events) for publisher in range(count)))
    print("accepted", sum(accepted), flush=True)
    await get_broadcaster().aclose()


asyncio.run(main())
