"""What pytest loads by itself where fanfare is installed: the fixtures `fanfare_server` and `fanfare_settings`. Outside of the package,
so that a run which uses neither does not import it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from fanfare.testing import FanfareServer


@pytest.fixture(scope="session")
def fanfare_settings() -> Mapping[str, object]:
    """Configuration keys of `fanfare_server`, {"limits.connections": 5}: for a fixture of your own with this name to give."""
    return {}


@pytest.fixture(scope="session")
def fanfare_server(fanfare_settings: Mapping[str, object]) -> Iterator[FanfareServer]:
    """A Fanfare server for all tests of the run; broadcasters that were given no URL publish to it."""
    from fanfare.testing import FanfareServer

    with FanfareServer(fanfare_settings) as server, server.as_default():
        yield server
