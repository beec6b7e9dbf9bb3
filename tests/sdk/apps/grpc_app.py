"""An app of the matrix on dapr-ext-grpc: has all handlers by decorators, notes what reaches it, and tells it."""

import json
import os
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import grpc
from cloudevents.sdk.event import v1
from dapr.ext.grpc import (
    App,
    BindingRequest,
    InvokeMethodRequest,
    InvokeMethodResponse,
    JobEvent,
    Rule,
    TopicEventResponse,
)

PUBSUB = "pubsub"
app = App()
seen: dict[str, list[Any]] = defaultdict(list)


@app.method("health")
def health(request: InvokeMethodRequest) -> str:
    return json.dumps({"well": True})


@app.method("seen")
def tell(request: InvokeMethodRequest) -> str:
    return json.dumps(seen[json.loads(request.text())["name"]])


@app.method("echo")
def echo(request: InvokeMethodRequest) -> InvokeMethodResponse:
    headers = {key: value for key, value in request.metadata.items() if key.startswith("x-")}
    told = {"body": request.text(), "content_type": request.content_type, "headers": headers}
    answer = InvokeMethodResponse(json.dumps(told), "application/json")
    answer.headers = (("x-answered", "yes"),)
    return answer


@app.subscribe(pubsub_name=PUBSUB, topic="plain")
def plain(event: v1.Event) -> None:
    seen["plain"].append(json.loads(event.Data()))


@app.subscribe(pubsub_name=PUBSUB, topic="bulk")
def bulk(event: v1.Event) -> None:
    seen["bulk"].append(json.loads(event.Data()))


@app.subscribe(pubsub_name=PUBSUB, topic="raw", metadata={"rawPayload": "true"})
def raw(event: v1.Event) -> None:
    seen["raw"].append(json.loads(event.Data()))


@app.subscribe(pubsub_name=PUBSUB, topic="refused", dead_letter_topic="graveyard")
def refused(event: v1.Event) -> TopicEventResponse:
    seen["refused"].append(json.loads(event.Data()))
    return TopicEventResponse("drop")


@app.subscribe(pubsub_name=PUBSUB, topic="graveyard")
def graveyard(event: v1.Event) -> TopicEventResponse:
    seen["graveyard"].append(json.loads(event.Data()))
    return TopicEventResponse("success")


@app.subscribe(pubsub_name=PUBSUB, topic="ruled", rule=Rule('event.type == "order"', 1))
def order(event: v1.Event) -> None:
    seen["ruled order"].append(json.loads(event.Data()))


@app.subscribe(pubsub_name=PUBSUB, topic="ruled", rule=Rule("event.data.amount > 100", 2))
def large(event: v1.Event) -> None:
    seen["ruled large"].append(json.loads(event.Data()))


@app.binding("tick")
def tick(request: BindingRequest) -> None:
    seen["tick"].append("tick")


@app.job_event("soon")
def soon(job: JobEvent) -> None:
    seen["job soon"].append(job.get_data_as_string())


@app.job_event("often")
def often(job: JobEvent) -> None:
    seen["job often"].append(job.get_data_as_string())


def say(request: bytes, context: grpc.ServicerContext) -> bytes:
    if request == b"refuse":
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, "as you wish")
    context.set_trailing_metadata((("x-trailer", "last"),))
    return b"said " + request


def repeat(requests: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
    for request in requests:
        yield b"again " + request


# A service of its own beside that of the SDK, which others reach through their sidecars. Its messages are bytes.
OWN = grpc.method_handlers_generic_handler("test.Own", {
    "Say": grpc.unary_unary_rpc_method_handler(say),
    "Repeat": grpc.stream_stream_rpc_method_handler(repeat),
})
app.add_external_service(lambda own, server: server.add_generic_rpc_handlers((own,)), OWN)
app.register_health_check(lambda: None)
app.run(int(os.environ["APP_PORT"]))
