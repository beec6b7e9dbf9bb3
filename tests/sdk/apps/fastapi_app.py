"""An app of the matrix on dapr-ext-fastapi: subscribes by decorator, and tells what has arrived."""

from collections import defaultdict
from typing import Any

from dapr.ext.fastapi import DaprApp
from fastapi import Body, FastAPI, Request

app = FastAPI()
dapr_app = DaprApp(app)
seen: dict[str, list[Any]] = defaultdict(list)


@app.get("/health")
async def health() -> dict[str, bool]:
    return {"well": True}


@app.get("/seen/{name}")
async def tell(name: str) -> list[Any]:
    return seen[name]


@app.api_route("/echo", methods=["GET", "POST", "PUT", "DELETE"])
async def echo(request: Request) -> dict[str, Any]:
    return {"method": request.method, "query": request.url.query, "body": (await request.body()).decode()}


@dapr_app.subscribe(pubsub="pubsub", topic="plain")
async def plain(event: dict = Body()) -> None:
    seen["plain"].append(event["data"])


@dapr_app.subscribe(pubsub="pubsub", topic="routed", route="/orders")
async def routed(event: dict = Body()) -> dict[str, str]:
    seen["routed"].append(event["data"])
    return {"status": "SUCCESS"}


@dapr_app.subscribe(pubsub="pubsub", topic="raw", metadata={"rawPayload": "true"})
async def raw(event: dict = Body()) -> None:
    seen["raw"].append(event["data_base64"])


@dapr_app.subscribe(pubsub="pubsub", topic="refused", dead_letter_topic="graveyard")
async def refused(event: dict = Body()) -> dict[str, str]:
    seen["refused"].append(event["data"])
    return {"status": "DROP"}


@dapr_app.subscribe(pubsub="pubsub", topic="graveyard")
async def graveyard(event: dict = Body()) -> None:
    seen["graveyard"].append(event["data"])
