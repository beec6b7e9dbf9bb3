"""Notes each number that it gets in the file SEEN, one a line; what is noted survives its death."""

import asyncio
import os
from typing import Any

from dapr.ext.fastapi import DaprApp
from fastapi import Body, FastAPI, Response

app = FastAPI()
dapr_app = DaprApp(app)
pause = float(os.environ.get("PAUSE", "0"))
note = os.open(os.environ["SEEN"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
well = True


@app.get("/health")
async def health(response: Response) -> dict[str, Any]:
    response.status_code = 200 if well else 503
    return {"pid": os.getpid()}


@app.post("/ill/{state}")
async def fall_ill(state: bool) -> None:
    global well
    well = not state


@dapr_app.subscribe(pubsub="pubsub", topic="numbers")
async def number(event: dict = Body()) -> dict[str, str]:
    os.write(note, f"{event['data']['n']}\n".encode())
    await asyncio.sleep(pause)
    return {"status": "SUCCESS"}


@dapr_app.subscribe(pubsub="pubsub", topic="poison", dead_letter_topic="graveyard")
async def poison(event: dict = Body()) -> dict[str, str]:
    return {"status": "DROP"}


@dapr_app.subscribe(pubsub="pubsub", topic="graveyard")
async def graveyard(event: dict = Body()) -> None:
    os.write(note, f"{event['data']['n']}\n".encode())
