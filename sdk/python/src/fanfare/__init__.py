"""Publish typed events to a Fanfare server.

    from fanfare import get_broadcaster

    broadcaster = get_broadcaster()
    await broadcaster.broadcast_project_updated(project_id="123", changes={"name": "Apollo"})
"""

from ._broadcaster import Broadcaster, Published, get_broadcaster, make_event
from ._errors import Draining, FanfareError, Invalid, OutboxFull, RateLimited, Refused, Unreachable
from ._events import EVENT_TYPES
from ._listen import listen
from ._outbox import Outbox
from ._retry import RetryPolicy

__all__ = [
    "EVENT_TYPES",
    "Broadcaster",
    "Draining",
    "FanfareError",
    "Invalid",
    "Outbox",
    "OutboxFull",
    "Published",
    "RateLimited",
    "Refused",
    "RetryPolicy",
    "Unreachable",
    "get_broadcaster",
    "listen",
    "make_event",
]
