"""Backups on a schedule: the app schedules jobs with its sidecar and gets them back when they are due.

Jobs outlive the app and its sidecar. A run that was cut off comes again, so handling one twice has to do no harm;
here each run is only written down.
"""

import json
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
from fastapi import Body, FastAPI, HTTPException
from pydantic import BaseModel, Field

# `dapr run` tells the app where its sidecar is.
DAPR_HTTP_PORT = os.environ.get("DAPR_HTTP_PORT", "3500")
# What came is kept here, a line per run, so that it outlives the app too.
RECEIVED = Path(os.environ.get("RECEIVED", "received.jsonl"))


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """One connection pool to the sidecar for the life of the app."""
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{DAPR_HTTP_PORT}/v1.0/jobs", timeout=10) as client:
        app.state.jobs = client
        yield


app = FastAPI(title="backups", lifespan=lifespan)


class Job(BaseModel):
    """What is scheduled; without `repeats` it never ends."""

    schedule: str
    repeats: int | None = Field(default=None, ge=1)
    data: dict = {}


# What is scheduled when nothing else is asked for.
BACKUP = Job(schedule="@every 10s", repeats=3, data={"task": "backup", "database": "prod"})


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/schedule-job/{name}", status_code=201)
async def schedule(name: str, job: Job = BACKUP) -> dict:
    body = job.model_dump(exclude_none=True)
    await call("POST", name, json=body)
    print(f"scheduled {name}: {body}", flush=True)
    return {"name": name} | body


@app.get("/get-job/{name}")
async def read(name: str) -> dict:
    return (await call("GET", name)).json()


@app.delete("/delete-job/{name}", status_code=204)
async def delete(name: str) -> None:
    await call("DELETE", name)


@app.post("/job/{name}")
async def run(name: str, data: dict = Body()) -> dict[str, str]:
    """What the sidecar calls when a job is due, with the job's data."""
    with RECEIVED.open("a") as file:
        file.write(json.dumps({"job": name, "time": time.time(), "data": data}) + "\n")
    print(f"received {name}: {data}", flush=True)
    return {"status": "SUCCESS"}


async def call(method: str, name: str, **request) -> httpx.Response:
    """Calls the Jobs API of the sidecar; what it refuses is refused here too, with its reason."""
    try:
        response = await app.state.jobs.request(method, f"/{name}", **request)
    except httpx.TransportError as error:
        raise HTTPException(503, f"the sidecar on port {DAPR_HTTP_PORT} does not answer: {error!r}") from error
    if response.is_error:
        # Told by its code; the status is the same 500 for a job that is not there and for other failures.
        status = 404 if "NotFound" in response.text else 502
        raise HTTPException(status, f"{method} {name}: {response.status_code} {response.text}")
    return response
