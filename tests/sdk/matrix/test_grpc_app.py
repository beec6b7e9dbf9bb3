"""Python, `dapr-ext-grpc`: what the sidecar asks of an app over gRPC. It is called with `dapr` and with plain gRPC."""

import json
from collections.abc import Iterator

import grpc
import pytest
from dapr.clients import DaprClient
from dapr.conf import settings

from peers import Peer
from support import Machine, free_ports, until


@pytest.fixture(scope="module", params=["grpcext-grpc"])
def peer(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def app(machine: Machine, flags: list[str], peer: str) -> Peer:
    [port] = free_ports(1)
    flags = ["--app-port", str(port), "--app-protocol", "grpc", "--enable-app-health-check", *flags]
    run = Peer(machine, peer, flags, ["python3", "-m", "grpc_app"])
    run.up().subscribed()
    return run


@pytest.fixture(scope="module")
def client(app: Peer) -> Iterator[DaprClient]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(settings, "DAPR_HTTP_PORT", app.http_port)
        patch.setattr(settings, "DAPR_GRPC_PORT", app.row()["grpcPort"])
        patch.setattr(settings, "DAPR_API_METHOD_INVOCATION_PROTOCOL", "grpc")
        with DaprClient() as client:
            yield client


@pytest.fixture(scope="module")
def channel(app: Peer) -> Iterator[grpc.Channel]:
    """Plain gRPC to the sidecar."""
    with grpc.insecure_channel(f"127.0.0.1:{app.row()['grpcPort']}") as channel:
        yield channel


def test_invocation(app: Peer, client: DaprClient) -> None:
    metadata = (("x-tenant", "blue"),)
    answer = client.invoke_method(app.app_id, "echo", b'{"id": 1}', "application/json", metadata=metadata)
    told = json.loads(answer.text())
    assert json.loads(told["body"]) == {"id": 1}
    assert told["content_type"] == "application/json"
    assert told["headers"]["x-tenant"] == ["blue"]
    assert answer.content_type == "application/json"
    assert answer.headers["x-answered"] == ["yes"]
    with pytest.raises(grpc.RpcError) as error:
        client.invoke_method(app.app_id, "nothing", b"")
    assert error.value.code() == grpc.StatusCode.UNIMPLEMENTED


def test_invocation_by_http(app: Peer) -> None:
    answer = app.invoke("POST", "echo", content="over HTTP", headers={"content-type": "text/plain"})
    assert answer.json()["body"] == "over HTTP"
    assert answer.headers["content-type"] == "application/json"


def test_proxying(app: Peer, channel: grpc.Channel) -> None:
    metadata = (("dapr-app-id", app.app_id),)
    say, repeat = channel.unary_unary("/test.Own/Say"), channel.stream_stream("/test.Own/Repeat")
    answer, call = say.with_call(b"hello", metadata=metadata, timeout=30)
    assert answer == b"said hello"
    assert dict(call.trailing_metadata())["x-trailer"] == "last"
    assert list(repeat(iter([b"one", b"two"]), metadata=metadata, timeout=30)) == [b"again one", b"again two"]
    with pytest.raises(grpc.RpcError) as error:
        say(b"refuse", metadata=metadata, timeout=30)
    assert (error.value.code(), error.value.details()) == (grpc.StatusCode.FAILED_PRECONDITION, "as you wish")
    with pytest.raises(grpc.RpcError) as error:
        say(b"hello", timeout=30)
    assert "dapr-app-id" in error.value.details()


def test_subscribe(app: Peer, client: DaprClient) -> None:
    client.publish_event("pubsub", "plain", json.dumps({"n": 1}), data_content_type="application/json")
    app.sees("plain", {"n": 1})
    raw = {"rawPayload": "true"}
    client.publish_event("pubsub", "raw", json.dumps({"n": 2}), publish_metadata=raw)
    app.sees("raw", {"n": 2})


def test_routing_rules(app: Peer) -> None:
    app.publish("ruled", {"amount": 1}, params={"metadata.cloudevent.type": "order"})
    app.publish("ruled", {"amount": 101})
    app.sees("ruled order", {"amount": 1})
    app.sees("ruled large", {"amount": 101})


def test_dead_letters(app: Peer) -> None:
    app.publish("refused", {"n": 3})
    app.sees("graveyard", {"n": 3})
    app.sees("refused", {"n": 3})


def test_input_binding(app: Peer) -> None:
    until(lambda: len(app.seen("tick")) >= 2, "the clock ticks")


def test_jobs(app: Peer) -> None:
    app.schedule("soon", dueTime="1s", data="backup")
    until(lambda: app.seen("job soon"), "the job comes")
    [data] = app.seen("job soon")
    assert "backup" in data
    app.schedule("often", schedule="@every 1s", repeats=2, data="report")
    until(lambda: len(app.seen("job often")) == 2, "the job comes twice")


def test_health(app: Peer) -> None:
    assert app.request("GET", "/v1.0/healthz").status_code == 204
