"""An app of the matrix without any SDK: FastAPI and the names that the sidecar looks for."""

from typing import Any

from fastapi import Body, FastAPI

from notes import router, seen

app = FastAPI()
app.include_router(router)


@app.get("/dapr/subscribe")
async def subscriptions() -> list[dict[str, Any]]:
    rules = [
        {"match": 'event.type == "order"', "path": "/ruled/order"},
        {"match": "event.data.amount > 100", "path": "/ruled/large"},
    ]
    return [
        {"pubsubname": "pubsub", "topic": "plain", "route": "/event/plain"},
        {"pubsubname": "pubsub", "topic": "several", "route": "/event/several"},
        {"pubsubname": "pubsub", "topic": "routed", "route": "event/routed"},
        {"pubsubname": "pubsub", "topic": "raw", "route": "/raw", "metadata": {"rawPayload": "true"}},
        {"pubsubname": "pubsub", "topic": "refused", "route": "/refused", "deadLetterTopic": "graveyard"},
        {"pubsubname": "pubsub", "topic": "graveyard", "route": "/event/graveyard"},
        {"pubsubname": "pubsub", "topic": "ruled", "routes": {"rules": rules, "default": "/ruled/other"}},
        {
            "pubsubname": "pubsub", "topic": "bulk", "route": "/bulk",
            "bulkSubscribe": {"enabled": True, "maxMessagesCount": 10, "maxAwaitDurationMs": 1000},
        },
    ]


@app.post("/event/{name}")
async def event(name: str, event: dict = Body()) -> None:
    seen[name].append(event["data"])


@app.post("/raw")
async def raw(event: dict = Body()) -> None:
    seen["raw"].append(event["data_base64"])


@app.post("/refused")
async def refused(event: dict = Body()) -> dict[str, str]:
    seen["refused"].append(event["data"])
    return {"status": "DROP"}


@app.post("/ruled/{rule}")
async def ruled(rule: str, event: dict = Body()) -> dict[str, str]:
    seen[f"ruled {rule}"].append(event["data"])
    return {"status": "SUCCESS"}


@app.post("/bulk")
async def bulk(entries: list[dict] = Body(embed=True)) -> dict[str, Any]:
    seen["bulk"] += [entry["event"]["data"] for entry in entries]
    seen["bulk sizes"].append(len(entries))
    return {"statuses": [{"entryId": entry["entryId"], "status": "SUCCESS"} for entry in entries]}


@app.post("/configuration/{store}/{key}")
async def configuration(store: str, key: str, items: dict = Body(embed=True)) -> None:
    seen[f"{store} {key}"].append(items[key].get("value"))
