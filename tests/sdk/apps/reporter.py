"""Is called by the clock, and each time writes a file and an entry of its own ledger, both through its sidecar."""

import os
from typing import Any

import httpx
from fastapi import Body, FastAPI, Header, HTTPException

app = FastAPI()
dapr = httpx.AsyncClient(base_url=f"http://127.0.0.1:{os.environ['DAPR_HTTP_PORT']}", trust_env=False)
ledger: list[dict[str, Any]] = []
ticks = 0


@app.get("/health")
async def health() -> None:
    pass


async def binding(name: str, operation: str, data: Any, **metadata: str) -> httpx.Response:
    body = {"operation": operation, "data": data, "metadata": metadata}
    answer = await dapr.post(f"/v1.0/bindings/{name}", json=body)
    return answer.raise_for_status()


@app.post("/clock")
async def clock(timezone: str = Header(), readtimeutc: str = Header()) -> None:
    global ticks
    ticks += 1
    entry = {"tick": ticks, "at": readtimeutc, "zone": timezone}
    await binding("ledger", "post", entry, path="/entries")
    # Written last: who sees the file finds the entry.
    await binding("files", "create", entry, fileName=f"ticks/{entry['tick']}.json")


@app.post("/entries", status_code=201)
async def add(entry: dict = Body()) -> None:
    ledger.append(entry)


@app.get("/entries")
async def entries(x_key: str = Header("")) -> list[dict[str, Any]]:
    if x_key != "open sesame":
        raise HTTPException(403, "who are you?")
    return ledger
