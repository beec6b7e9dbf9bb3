"""An app of the matrix on dapr-ext-fastapi: subscribes by decorator."""

from dapr.ext.fastapi import DaprApp
from fastapi import Body, FastAPI

from notes import router, seen

app = FastAPI()
app.include_router(router)
dapr_app = DaprApp(app)


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
