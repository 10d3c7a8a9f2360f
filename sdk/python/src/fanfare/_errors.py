"""What publishing can fail with. Every class says whether trying again later may help."""

from __future__ import annotations


class FanfareError(Exception):
    """Anything that kept an event from being accepted."""


class Invalid(FanfareError):
    """The server read the event and refused it (400, 413, 415, 422), or it has no form in JSON and was never sent: the same
    event will be refused again.

    `pointer` is the JSON Pointer (RFC 6901) of the fault, "" where there is none.
    """

    def __init__(self, message: str, *, status: int, pointer: str = "") -> None:
        super().__init__(f"{pointer}: {message}" if pointer else message)
        self.status = status
        self.pointer = pointer


class Refused(FanfareError):
    """The key is missing, wrong, or not allowed to do this (401, 403)."""

    def __init__(self, message: str, *, status: int) -> None:
        super().__init__(message)
        self.status = status


class Unreachable(FanfareError):
    """No answer after every attempt; the event may or may not have been accepted. Publishing the same id again is safe."""


class OutboxFull(FanfareError):
    """An Outbox holds as many events as it may: the server has been away for long, or too much is published."""


class RateLimited(Unreachable):
    """Still 429 after every attempt."""


class Draining(Unreachable):
    """Still 503 after every attempt."""
