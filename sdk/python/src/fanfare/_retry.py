"""When to try again, and after how long. Pure: no clock, no network."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime

#: Answers that say nothing about the event itself. 500 is not among them: a bug does not mend itself.
RETRYABLE_STATUS = frozenset({408, 425, 429, 502, 503, 504})


@dataclass(frozen=True)
class RetryPolicy:
    """Full-jitter exponential backoff, which an answer's Retry-After overrides.

    It goes on for `budget` seconds from the first attempt on, which a server takes to restart many times over, or for
    `attempts`, the first one counted, where a number is given. A wait that would end past the budget is not begun.
    """

    attempts: int | None = None
    budget: float = 15.0
    first_delay: float = 0.1
    longest_delay: float = 2.0
    random: random.Random = field(default_factory=random.Random, repr=False, compare=False)

    def delay(self, attempt: int, retry_after: float | None) -> float:
        """Seconds to wait after the given attempt, counted from 1."""
        if retry_after is not None:
            return max(retry_after, 0.0)
        ceiling = min(self.longest_delay, self.first_delay * 2 ** min(attempt - 1, 30))
        return self.random.uniform(0, ceiling)

    def wait(self, attempt: int, retry_after: float | None, elapsed: float) -> float | None:
        """The same, with `elapsed` seconds gone since the first attempt; None when it is time to give up."""
        if self.attempts is not None and attempt >= self.attempts:
            return None
        delay = self.delay(attempt, retry_after)
        return delay if elapsed + delay <= self.budget else None


def parse_retry_after(text: str | None, now: datetime | None = None) -> float | None:
    """Seconds from a Retry-After field (RFC 9110 §10.2.3): a number of seconds or a date; None for neither."""
    if text is None:
        return None
    try:
        return float(int(text.strip()))
    except ValueError:
        pass
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return (moment - (now or datetime.now(timezone.utc))).total_seconds()
