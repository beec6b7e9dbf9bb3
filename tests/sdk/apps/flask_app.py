"""An app of the matrix on flask-dapr: subscribes by decorator, notes what reaches it, and tells it."""

import json
import logging
import os
from collections import defaultdict
from typing import Any

from flask import Flask, Response, jsonify, request
from flask_dapr import DaprApp

app = Flask(__name__)
dapr_app = DaprApp(app)
seen: dict[str, list[Any]] = defaultdict(list)


def event() -> dict[str, Any]:
    """What was delivered; Flask reads JSON by itself only when it is called `application/json`."""
    return json.loads(request.data)


@app.get("/health")
def health() -> dict[str, bool]:
    return {"well": True}


@app.post("/seen")
def tell() -> Response:
    return jsonify(seen[request.json["name"]])


@app.route("/echo", methods=["GET", "POST", "PUT", "DELETE"])
def echo() -> dict[str, Any]:
    return {"method": request.method, "query": request.query_string.decode(), "body": request.data.decode()}


@app.post("/tick")
def tick() -> Response:
    seen["tick"].append("tick")
    return Response()


@app.post("/job/<name>")
def job(name: str) -> Response:
    seen[f"job {name}"].append(request.json)
    return Response()


@dapr_app.subscribe(pubsub="pubsub", topic="plain")
def plain() -> Response:
    seen["plain"].append(event()["data"])
    return Response()


@dapr_app.subscribe(pubsub="pubsub", topic="routed", route="/orders")
def routed() -> dict[str, str]:
    seen["routed"].append(event()["data"])
    return {"status": "SUCCESS"}


@dapr_app.subscribe(pubsub="pubsub", topic="raw", metadata={"rawPayload": "true"})
def raw() -> Response:
    seen["raw"].append(event()["data_base64"])
    return Response()


@dapr_app.subscribe(pubsub="pubsub", topic="refused", dead_letter_topic="graveyard")
def refused() -> dict[str, str]:
    seen["refused"].append(event()["data"])
    return {"status": "DROP"}


@dapr_app.subscribe(pubsub="pubsub", topic="graveyard")
def graveyard() -> Response:
    seen["graveyard"].append(event()["data"])
    return Response()


logging.getLogger("werkzeug").setLevel(logging.WARNING)
app.run(host="127.0.0.1", port=int(os.environ["APP_PORT"]))
