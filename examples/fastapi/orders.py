"""The order API: keeps orders, announces them, and asks the shipping app how far they are.

It knows nothing of databases, brokers or other apps' addresses: all of that is behind its sidecar.
"""

import os
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel, Field

# `dapr run` tells the app where its sidecar is.
DAPR_HTTP_PORT = os.environ.get("DAPR_HTTP_PORT", "3500")
SHIPPING_APP_ID = os.environ.get("SHIPPING_APP_ID", "demo-shipping")
STATE_STORE = "statestore"
PUBSUB = "pubsub"
TOPIC = "orders"


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """One connection pool to the sidecar for the life of the app."""
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{DAPR_HTTP_PORT}/v1.0", timeout=10) as client:
        app.state.dapr = client
        yield


app = FastAPI(title="orders", lifespan=lifespan)


class NewOrder(BaseModel):
    item: str = Field(min_length=1)
    quantity: int = Field(default=1, ge=1)


class Order(NewOrder):
    id: str


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/orders", status_code=201)
async def create(new: NewOrder) -> Order:
    """Keeps the order first and announces it then: whoever hears of an order can read it."""
    order = Order(id=uuid.uuid4().hex[:8], **new.model_dump())
    await call("POST", f"/state/{STATE_STORE}", json=[{"key": order.id, "value": order.model_dump()}])
    await call("POST", f"/publish/{PUBSUB}/{TOPIC}", json=order.model_dump())
    print(f"order {order.id}: {order.quantity} x {order.item}", flush=True)
    return order


@app.get("/orders/{order_id}")
async def read(order_id: str) -> Order:
    response = await call("GET", f"/state/{STATE_STORE}/{order_id}")
    # The state API answers 204 for a key that isn't there.
    if response.status_code == 204:
        raise HTTPException(404, f"no order {order_id}")
    return Order.model_validate(response.json())


@app.get("/orders/{order_id}/status")
async def status(order_id: str) -> dict[str, str]:
    """Asks the other app by its app id; its sidecar is found by ours."""
    path = f"/invoke/{SHIPPING_APP_ID}/method/shipped/{order_id}"
    response = await call("GET", path, allow=(404,))
    return {"id": order_id, "status": "waiting" if response.status_code == 404 else "shipped"}


async def call(method: str, path: str, allow: tuple[int, ...] = (), **request) -> httpx.Response:
    """Calls the sidecar; what it refuses is our 502, with its reason."""
    try:
        response = await app.state.dapr.request(method, path, **request)
    except httpx.TransportError as error:
        raise HTTPException(503, f"the sidecar on port {DAPR_HTTP_PORT} does not answer: {error!r}") from error
    if response.is_error and response.status_code not in allow:
        raise HTTPException(502, f"{method} {path}: {response.status_code} {response.text}")
    return response
