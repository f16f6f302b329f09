"""Run the two directions of a connection together."""

import asyncio
from collections.abc import Coroutine
from typing import Any


async def first_to_end(*parts: Coroutine[Any, Any, None]) -> None:
    """Run the parts together until one ends; its error is raised here, and the others are stopped."""
    tasks = [asyncio.ensure_future(part) for part in parts]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
