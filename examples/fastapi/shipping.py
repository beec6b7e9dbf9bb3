"""The shipping app: hears of orders through pub/sub and ships each of them.

An event may come more than once (at-least-once delivery), so handling one twice has to do no harm: a
shipment is kept under the id of its order.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from dapr.ext.fastapi import DaprApp
from fastapi import Body, FastAPI, HTTPException

# `dapr run` tells the app where its sidecar is.
DAPR_HTTP_PORT = os.environ.get("DAPR_HTTP_PORT", "3500")
STATE_STORE = "statestore"
PUBSUB = "pubsub"
TOPIC = "orders"


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """One connection pool to the sidecar for the life of the app."""
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{DAPR_HTTP_PORT}/v1.0", timeout=10) as client:
        app.state.dapr = client
        app.state.shipped = []
        yield


app = FastAPI(title="shipping", lifespan=lifespan)
dapr_app = DaprApp(app)


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@dapr_app.subscribe(pubsub=PUBSUB, topic=TOPIC)
async def ship(event: dict = Body()) -> dict[str, str]:
    """Gets the whole CloudEvent; the order is its `data`."""
    order = event.get("data")
    if not isinstance(order, dict) or "id" not in order:
        # Trying such an event again would never help.
        return {"status": "DROP"}
    order_id = str(order["id"])
    entry = {"key": f"shipment-{order_id}", "value": {"order": order, "event": event.get("id")}}
    saved = await app.state.dapr.post(f"/state/{STATE_STORE}", json=[entry])
    if saved.is_error:
        # Not acknowledged: the sidecar brings the event again.
        return {"status": "RETRY"}
    if order_id not in app.state.shipped:
        app.state.shipped.append(order_id)
    print(f"shipped {order_id}: {order.get('quantity', 1)} x {order.get('item', '?')}", flush=True)
    return {"status": "SUCCESS"}


@app.get("/shipped")
async def shipped() -> list[str]:
    """Orders that this process shipped since it started, in the order in which they came."""
    return app.state.shipped


@app.get("/shipped/{order_id}")
async def shipment(order_id: str) -> dict:
    """Read from the state store, so that it outlives a restart of the app."""
    response = await app.state.dapr.get(f"/state/{STATE_STORE}/shipment-{order_id}")
    if response.status_code == 204:
        raise HTTPException(404, f"order {order_id} was not shipped")
    response.raise_for_status()
    return response.json()
