"""AI service that shows a suggestion while the model is still writing it: parts as they come, then the whole.

Parts are of a type of one's own, `ai.suggestion_part` (ai_suggestion_part.json), which is not kept in the history: who comes later gets
the whole suggestion, which is.

FANFARE_URL=… FANFARE_KEY=… python ai_stream.py PROJECT USER
"""

from __future__ import annotations

import asyncio
import sys
import uuid
from collections.abc import AsyncIterator

from fanfare import Broadcaster

TEXT = "Extract the retry loop into a function of its own: it is written three times."


async def model() -> AsyncIterator[str]:
    """Stands for a model that gives one token after the other."""
    for word in TEXT.split(" "):
        await asyncio.sleep(0)
        yield word if word == "Extract" else " " + word


async def suggest(broadcaster: Broadcaster, project_id: str, user_id: str) -> str:
    suggestion_id = uuid.uuid4().hex
    sent = text = ""
    sending: asyncio.Task[object] | None = None

    def send() -> asyncio.Task[object]:
        part = {"suggestion_id": suggestion_id, "user_id": user_id, "offset": len(sent), "text": text[len(sent) :]}
        return asyncio.create_task(broadcaster.publish("ai.suggestion_part", part))

    async for token in model():
        text += token
        # One part is under way at a time; what the model says meanwhile is the next. So a slow network makes fewer, longer parts.
        if sending is None or sending.done():
            if sending is not None:
                await sending
            sending, sent = send(), text
    if sending is not None:
        await sending
    if sent != text:
        await send()
    await broadcaster.broadcast_ai_suggestion(
        project_id=project_id, user_id=user_id, suggestion_id=suggestion_id, kind="refactoring", content=text
    )
    return text


async def main(project_id: str, user_id: str) -> None:
    async with Broadcaster(source="/ai-service") as broadcaster:
        print(await suggest(broadcaster, project_id, user_id))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
