"""Python values -> what JSON has for them, as FastAPI's jsonable_encoder does it. Pure: pydantic is recognised, not needed."""

from __future__ import annotations

import dataclasses
import json
import math
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from pathlib import PurePath
from types import GeneratorType
from typing import Any
from uuid import UUID

from ._errors import Invalid

#: The server takes no deeper nesting; a value that holds itself ends here too.
DEPTH_MAX = 64

_AS_TEXT = (UUID, PurePath, IPv4Address, IPv6Address, IPv4Network, IPv6Network)
_AS_LIST = (list, tuple, set, frozenset, deque, GeneratorType)


def _number(value: Decimal) -> int | float:
    exponent = value.as_tuple().exponent
    return int(value) if isinstance(exponent, int) and exponent >= 0 else float(value)


_BY_TYPE: tuple[tuple[type | tuple[type, ...], Callable[[Any], Any]], ...] = (
    (Enum, lambda value: value.value),
    ((datetime, date, time), lambda value: value.isoformat()),
    (timedelta, lambda value: value.total_seconds()),
    (Decimal, _number),
    (_AS_TEXT, str),
    ((bytes, bytearray), lambda value: value.decode()),
)


def _refusal(message: str, pointer: str) -> Invalid:
    return Invalid(message, status=400, pointer=pointer)


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")  # RFC 6901 §3


def _name(key: Any, pointer: str) -> str:
    if isinstance(key, str) and not isinstance(key, Enum):
        return key
    plain = to_plain(key, pointer)
    if isinstance(plain, str):
        return plain
    if plain is None or isinstance(plain, (int, float)):
        return json.dumps(plain)  # as it writes such keys itself: null, true, 1.5
    raise _refusal(f"a {type(key).__name__} cannot be the name of a member", pointer)


def _members(pairs: Iterable[tuple[Any, Any]], pointer: str, depth: int) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for key, value in pairs:
        name = _name(key, pointer)
        members[name] = to_plain(value, f"{pointer}/{_escaped(name)}", depth)
    return members


def to_plain(value: Any, pointer: str = "", depth: int = 0) -> Any:
    """The same in dicts, lists, strings, numbers, booleans and None.

    Raises Invalid with the JSON Pointer of what has no form, or is no number that JSON knows.
    """
    if value is None or isinstance(value, (bool, str, int, float)) and not isinstance(value, Enum):
        if isinstance(value, float) and not math.isfinite(value):
            raise _refusal(f"{value!r} is no number in JSON", pointer)
        return value
    if depth >= DEPTH_MAX:
        raise _refusal(f"nested deeper than {DEPTH_MAX} levels", pointer)
    if isinstance(value, Mapping):
        return _members(value.items(), pointer, depth + 1)
    if isinstance(value, _AS_LIST):
        return [to_plain(item, f"{pointer}/{index}", depth + 1) for index, item in enumerate(value)]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        pairs = ((field.name, getattr(value, field.name)) for field in dataclasses.fields(value))
        return _members(pairs, pointer, depth + 1)
    try:
        if callable(dump := getattr(value, "model_dump", None)):  # pydantic 2
            return to_plain(dump(mode="json", by_alias=True), pointer, depth + 1)
        for known, convert in _BY_TYPE:
            if isinstance(value, known):
                return to_plain(convert(value), pointer, depth + 1)
    except Invalid:
        raise
    except Exception as failure:
        raise _refusal(f"a {type(value).__name__} could not be written as JSON: {failure}", pointer) from failure
    raise _refusal(f"a {type(value).__name__} has no form in JSON", pointer)
