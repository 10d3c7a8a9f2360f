"""Publish typed events to a Fanfare server.

    from fanfare import get_broadcaster

    broadcaster = get_broadcaster()
    await broadcaster.broadcast_project_updated(project_id="123", changes={"name": "Apollo"})
"""

from ._broadcaster import Broadcaster, Published, get_broadcaster
from ._errors import Draining, FanfareError, Invalid, RateLimited, Refused, Unreachable

__all__ = [
    "Broadcaster",
    "Draining",
    "FanfareError",
    "Invalid",
    "Published",
    "RateLimited",
    "Refused",
    "Unreachable",
    "get_broadcaster",
]
