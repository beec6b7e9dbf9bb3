"""An app of the main job: answers, echoes what it was sent, and can fall ill."""

import os
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import StreamingResponse

app = FastAPI()
well = True


@app.get("/health")
async def health(response: Response) -> dict[str, Any]:
    response.status_code = 200 if well else 503
    return {"pid": os.getpid()}


@app.post("/ill/{state}")
async def fall_ill(state: bool) -> None:
    global well
    well = not state


@app.get("/environment")
async def environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.startswith(("APP_", "DAPR_"))}


@app.get("/lines")
async def lines() -> StreamingResponse:
    return StreamingResponse((f"line {n}\n" for n in range(1000)), media_type="text/plain")


@app.api_route("/status/{code}", methods=["GET", "POST"])
async def status(code: int) -> Response:
    return Response(f"answer {code}", status_code=code)


@app.api_route("/echo/{path:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
async def echo(request: Request, path: str) -> dict[str, Any]:
    return {
        "verb": request.method,
        "path": path,
        "query": request.url.query,
        "headers": dict(request.headers),
        "body": (await request.body()).decode(),
    }
