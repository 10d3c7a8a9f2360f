"""AI service: plain asyncio. Reads files, suggests what it finds to the one who asked, and sums up for the project.

FANFARE_URL=… FANFARE_KEY=… python ai_service.py PROJECT USER FILE…
"""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

from fanfare import Broadcaster

LENGTH_MAX = 120


async def analyse(broadcaster: Broadcaster, project_id: str, user_id: str, files: list[Path]) -> int:
    analysis_id = f"lines-{time.time_ns()}"
    began = time.monotonic()
    findings = [
        (file.name, number, len(text))
        for file in files
        for number, text in enumerate(file.read_text().splitlines(), 1)
        if len(text) > LENGTH_MAX
    ]
    await asyncio.gather(
        *(
            broadcaster.broadcast_ai_suggestion(
                project_id=project_id,
                user_id=user_id,
                suggestion_id=f"{analysis_id}-{index}",
                kind="style",
                content=f"Break this line of {length} characters",
                file=file,
                line=line,
                confidence=1.0,
            )
            for index, (file, line, length) in enumerate(findings)
        )
    )
    await broadcaster.broadcast_ai_analysis_complete(
        project_id=project_id,
        analysis_id=analysis_id,
        summary=f"{len(findings)} long lines in {len(files)} files",
        findings=[{"file": file, "line": line, "length": length} for file, line, length in findings],
        duration_ms=int((time.monotonic() - began) * 1000),
    )
    return len(findings)


async def main(project_id: str, user_id: str, *files: str) -> None:
    async with Broadcaster(source="/ai-service") as broadcaster:
        print(await analyse(broadcaster, project_id, user_id, [Path(file) for file in files]), "suggestions")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
