"""Python, `dapr`: the client, here in the process of the tests. What is called is the FastAPI app of `plain_app.py`."""

import json
import warnings
from collections.abc import Iterator

import grpc
import pytest
from dapr.clients import DaprClient
from dapr.clients.exceptions import DaprGrpcError, DaprHttpError
from dapr.clients.grpc._jobs import Job
from dapr.clients.grpc._request import TransactionalStateOperation, TransactionOperationType
from dapr.clients.grpc._response import TopicEventResponse, UnlockResponseStatus
from dapr.clients.grpc._state import Concurrency, Consistency, StateItem, StateOptions
from dapr.clients.health import DaprHealth
from dapr.conf import settings
from google.protobuf.any_pb2 import Any as GrpcAny

from peers import SECRETS, Peer, Redis
from support import Machine, free_ports, until

grpc_only = pytest.mark.parametrize("peer", ["python-grpc"], indirect=True)


@pytest.fixture(scope="module", params=["python-http", "python-grpc"])
def peer(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def app(machine: Machine, flags: list[str], peer: str) -> Peer:
    [port] = free_ports(1)
    run = Peer(
        machine, peer, ["--app-port", str(port), *flags],
        ["uvicorn", "--log-level", "warning", "--port", str(port), "plain_app:app"], FROM_ENVIRONMENT="visible",
    )
    run.up().subscribed()
    return run


@pytest.fixture(scope="module")
def client(app: Peer, transport: str) -> Iterator[DaprClient]:
    """A client as an app that is run with `app` would get it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(settings, "DAPR_HTTP_PORT", app.http_port)
        patch.setattr(settings, "DAPR_GRPC_PORT", app.row()["grpcPort"])
        patch.setattr(settings, "DAPR_HEALTH_TIMEOUT", 10)
        patch.setattr(settings, "DAPR_API_METHOD_INVOCATION_PROTOCOL", transport)
        with DaprClient() as client:
            yield client


def test_invocation(app: Peer, client: DaprClient) -> None:
    answer = client.invoke_method(
        app.app_id, "echo", data=b'{"id": 1}', content_type="application/json",
        http_verb="PUT", http_querystring=(("q", "1"),),
    )
    assert json.loads(answer.text()) == {"method": "PUT", "query": "q=1", "body": '{"id": 1}'}
    with pytest.raises((DaprHttpError, grpc.RpcError)) as error:
        client.invoke_method(app.app_id, "nothing", http_verb="GET")
    if isinstance(error.value, DaprHttpError):
        assert (error.value.status_code, error.value.raw_response_bytes) == (404, b'{"detail":"Not Found"}')
    else:
        assert error.value.code() == grpc.StatusCode.NOT_FOUND
    with pytest.raises((DaprHttpError, grpc.RpcError)) as error:
        client.invoke_method("nobody", "echo", http_verb="GET")
    assert "nobody" in str(error.value)


@grpc_only
def test_state(client: DaprClient) -> None:
    store = "statestore"
    client.save_state(store, "a", json.dumps({"n": 1}), state_metadata={"contentType": "application/json"})
    first = client.get_state(store, "a")
    assert first.json() == {"n": 1}
    assert client.get_state(store, "missing").data == b""

    strict = StateOptions(Concurrency.first_write, Consistency.strong)
    client.save_state(store, "a", "2", etag=first.etag, options=strict)
    with pytest.raises(grpc.RpcError) as error:
        client.save_state(store, "a", "3", etag=first.etag, options=strict)
    assert error.value.code() == grpc.StatusCode.ABORTED
    with pytest.raises(grpc.RpcError) as error:
        client.delete_state(store, "a", etag=first.etag, options=strict)
    assert error.value.code() == grpc.StatusCode.ABORTED

    client.save_bulk_state(store, [StateItem(key="b", value="bee"), StateItem(key="c", value="sea")])
    items = client.get_bulk_state(store, ["a", "b", "missing"]).items
    assert {item.key: item.data for item in items} == {"a": b"2", "b": b"bee", "missing": b""}

    upsert, delete = TransactionOperationType.upsert, TransactionOperationType.delete
    client.execute_state_transaction(store, [
        TransactionalStateOperation(operation_type=upsert, key="d", data="dee"),
        TransactionalStateOperation(operation_type=delete, key="b"),
    ])
    assert (client.get_state(store, "d").data, client.get_state(store, "b").data) == (b"dee", b"")
    client.delete_state(store, "d")
    assert client.get_state(store, "d").data == b""


    with pytest.raises(grpc.RpcError) as error:
        client.get_state("nothing", "a")
    assert error.value.code() == grpc.StatusCode.INVALID_ARGUMENT


@grpc_only
def test_publish(app: Peer, client: DaprClient) -> None:
    client.publish_event("pubsub", "plain", json.dumps({"n": 1}), data_content_type="application/json")
    client.publish_event("pubsub", "plain", "text", data_content_type="text/plain")
    event = {"specversion": "1.0", "id": "my-id", "source": "test", "type": "mine", "data": {"n": 2}}
    client.publish_event("pubsub", "plain", json.dumps(event), data_content_type="application/cloudevents+json")
    app.sees("plain", {"n": 1}, "text", {"n": 2})
    with pytest.raises(DaprGrpcError) as error:
        client.publish_event("nothing", "plain", "text")
    assert error.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert "pubsub nothing is not found" in error.value.details()


@grpc_only
def test_bulk_publish(app: Peer, client: DaprClient) -> None:
    events = [json.dumps({"n": n}) for n in range(3)]
    answer = client.publish_events("pubsub", "several", events, data_content_type="application/json")
    assert answer.failed_entries == []
    app.sees_all("several", {"n": 0}, {"n": 1}, {"n": 2})


@grpc_only
def test_streaming(client: DaprClient) -> None:
    subscription = client.subscribe("pubsub", "streamed", dead_letter_topic="graveyard")
    try:
        for n in range(3):
            client.publish_event("pubsub", "streamed", json.dumps({"n": n}), data_content_type="application/json")
            message = subscription.next_message()
            assert (message.topic(), message.data()) == ("streamed", {"n": n})
            subscription.respond_success(message)
    finally:
        subscription.close()


@grpc_only
def test_streaming_with_a_handler(app: Peer, client: DaprClient) -> None:
    got = []

    def handler(message) -> TopicEventResponse:
        got.append(message.data())
        return TopicEventResponse("drop" if message.data()["n"] == 1 else "success")

    close = client.subscribe_with_handler("pubsub", "handled", handler, dead_letter_topic="graveyard")
    try:
        for n in range(3):
            client.publish_event("pubsub", "handled", json.dumps({"n": n}), data_content_type="application/json")
        until(lambda: len(got) == 3, "all messages arrive")
        app.sees("graveyard", {"n": 1})
    finally:
        close()
    assert got == [{"n": 0}, {"n": 1}, {"n": 2}]


@grpc_only
def test_output_binding(client: DaprClient) -> None:
    name = {"fileName": "python.json"}
    client.invoke_binding("files", "create", b'{"hello": "world"}', name)
    assert client.invoke_binding("files", "get", binding_metadata=name).json() == {"hello": "world"}
    client.invoke_binding("files", "delete", binding_metadata=name)
    with pytest.raises(grpc.RpcError) as error:
        client.invoke_binding("files", "get", binding_metadata=name)
    assert "python.json" in error.value.details()


@grpc_only
def test_secrets(client: DaprClient) -> None:
    assert client.get_secret("secrets", "database").secret == SECRETS["database"]
    assert client.get_secret("environment", "FROM_ENVIRONMENT").secret == {"FROM_ENVIRONMENT": "visible"}
    everything = client.get_bulk_secret("secrets").secrets
    assert everything == {"token": {"token": "s3cret"}, "database": SECRETS["database"]}
    with pytest.raises(grpc.RpcError) as error:
        client.get_secret("nothing", "token")
    assert "nothing" in error.value.details()


@grpc_only
def test_configuration(client: DaprClient, redis: Redis) -> None:
    redis.set("python-greeting", "hello||v1")
    item = client.get_configuration("settings", ["python-greeting"]).items["python-greeting"]
    assert (item.value, item.version) == ("hello", "v1")
    changes = []
    subscription = client.subscribe_configuration(
        "settings", ["python-greeting"], lambda _id, answer: changes.append(answer.items["python-greeting"].value)
    )

    def changed() -> bool:
        redis.set("python-greeting", "hi||v2")
        return "hi" in changes

    until(changed, "the change arrives")
    assert client.unsubscribe_configuration("settings", subscription)


@grpc_only
def test_lock(client: DaprClient) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        assert client.try_lock("locks", "python", "one", 60).success
        assert not client.try_lock("locks", "python", "two", 60).success
        statuses = [client.unlock("locks", "python", owner).status for owner in ("two", "one", "one")]
    assert statuses == [
        UnlockResponseStatus.lock_belongs_to_others,
        UnlockResponseStatus.success,
        UnlockResponseStatus.lock_does_not_exist,
    ]


@grpc_only
def test_jobs(app: Peer, client: DaprClient) -> None:
    client.schedule_job(Job(name="later", schedule="0 0 3 * * *", repeats=3))
    job = client.get_job("later")
    assert (job.name, job.schedule, job.repeats) == ("later", "0 0 3 * * *", 3)
    with pytest.raises(DaprGrpcError) as error:
        client.schedule_job(Job(name="later", schedule="@daily"))
    assert error.value.code() == grpc.StatusCode.ALREADY_EXISTS
    client.schedule_job(Job(name="later", schedule="@daily"), overwrite=True)
    client.delete_job("later")
    with pytest.raises(DaprGrpcError):
        client.get_job("later")

    client.schedule_job(Job(name="soon", due_time="1s", data=GrpcAny(value=b'{"task": "backup"}')))
    app.sees("job soon", {"task": "backup"})


@grpc_only
def test_metadata(app: Peer, client: DaprClient) -> None:
    client.set_metadata("purpose", "tests")
    metadata = client.get_metadata()
    assert metadata.application_id == app.app_id
    assert metadata.extended_metadata["purpose"] == "tests"
    assert {"pubsub", "statestore"} <= {item.name for item in metadata.registered_components}


def test_health(client: DaprClient) -> None:
    DaprHealth.wait_for_sidecar()
    client.wait(5)
