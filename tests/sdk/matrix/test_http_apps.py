"""Python apps over HTTP: `dapr-ext-fastapi`, `flask-dapr`, and one without an SDK, which calls the HTTP API as well."""

import base64
import json

import pytest

from peers import SECRETS, STOCK, Peer, Redis
from support import Machine, free_ports, until

UVICORN = ["uvicorn", "--log-level", "warning", "--port", "{port}"]
COMMANDS = {
    "plain-http": [*UVICORN, "plain_app:app"],
    "fastapi-http": [*UVICORN, "fastapi_app:app"],
    "flask-http": ["python3", "-m", "flask_app"],
}
plain = pytest.mark.parametrize("peer", ["plain-http"], indirect=True)


@pytest.fixture(scope="module", params=COMMANDS)
def peer(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def app(machine: Machine, flags: list[str], peer: str) -> Peer:
    [port] = free_ports(1)
    command = [word.format(port=port) for word in COMMANDS[peer]]
    run = Peer(machine, peer, ["--app-port", str(port), *flags], command, FROM_ENVIRONMENT="visible")
    run.up().subscribed()
    return run


def test_invocation(app: Peer) -> None:
    for method in ("GET", "POST", "PUT", "DELETE"):
        body = "" if method == "GET" else '{"hello": "world"}'
        answer = app.invoke(method, "echo?q=1", content=body, headers={"content-type": "application/json"})
        assert answer.json() == {"method": method, "query": "q=1", "body": body}
    assert app.invoke("GET", "nothing").status_code == 404


def test_subscribe(app: Peer) -> None:
    app.publish("plain", {"n": 1})
    app.sees("plain", {"n": 1})
    app.publish("routed", {"n": 2})
    app.sees("routed", {"n": 2})
    app.publish("raw", {"n": 3}, params={"metadata.rawPayload": "true"})
    until(lambda: app.seen("raw"), "the raw payload arrives")
    [raw] = app.seen("raw")
    assert json.loads(base64.b64decode(raw)) == {"n": 3}


def test_dead_letters(app: Peer) -> None:
    app.publish("refused", {"n": 4})
    app.sees("graveyard", {"n": 4})
    app.sees("refused", {"n": 4})


def test_input_binding(app: Peer) -> None:
    until(lambda: len(app.seen("tick")) >= 2, "the clock ticks")


def test_jobs(app: Peer) -> None:
    app.schedule("soon", dueTime="1s", data={"task": "backup"})
    app.sees("job soon", {"task": "backup"})
    app.schedule("often", schedule="@every 1s", repeats=2, data="text")
    app.sees("job often", "text", "text")


@plain
def test_publish(app: Peer) -> None:
    before = len(app.seen("plain"))
    app.publish("plain", "text")
    event = {"specversion": "1.0", "id": "my-id", "source": "test", "type": "mine", "data": {"n": 5}}
    app.publish("plain", event, headers={"content-type": "application/cloudevents+json"})
    until(lambda: len(app.seen("plain")) == before + 2, "both events arrive")
    assert app.seen("plain")[before:] == ["text", {"n": 5}]
    assert app.request("POST", "/v1.0/publish/nothing/plain", json={}).status_code == 404


@plain
def test_routing_rules(app: Peer) -> None:
    app.publish("ruled", {"amount": 1}, params={"metadata.cloudevent.type": "order"})
    app.publish("ruled", {"amount": 101})
    app.publish("ruled", {"amount": 2})
    app.sees("ruled order", {"amount": 1})
    app.sees("ruled large", {"amount": 101})
    app.sees("ruled other", {"amount": 2})


@plain
def test_bulk_publish(app: Peer) -> None:
    entries = [{"entryId": str(n), "event": {"n": n}, "contentType": "application/json"} for n in range(3)]
    for version in ("v1.0", "v1.0-alpha1"):
        answer = app.request("POST", f"/{version}/publish/bulk/pubsub/several", json=entries)
        assert answer.status_code == 204, answer.text
    app.sees_all("several", *[{"n": n} for n in range(3)] * 2)


@plain
def test_bulk_subscribe(app: Peer) -> None:
    count = 20
    for n in range(count):
        app.publish("bulk", {"n": n})
    app.sees_all("bulk", *[{"n": n} for n in range(count)])
    sizes = app.seen("bulk sizes")
    assert max(sizes) <= 10
    if not STOCK:
        # The stock broker in memory waits for each message that it hands over.
        assert max(sizes) > 1


@plain
def test_state(app: Peer) -> None:
    app.save("a", {"n": [1, 2]})
    app.save("b", "text")
    assert app.state("a") == {"n": [1, 2]}
    assert app.state("missing") is None
    items = app.request("POST", "/v1.0/state/statestore/bulk", json={"keys": ["a", "missing"]}).json()
    assert {item["key"]: item.get("data") for item in items} == {"a": {"n": [1, 2]}, "missing": None}
    operations = [
        {"operation": "upsert", "request": {"key": "c", "value": 3}},
        {"operation": "delete", "request": {"key": "b"}},
    ]
    answer = app.request("POST", "/v1.0/state/statestore/transaction", json={"operations": operations})
    assert answer.status_code == 204, answer.text
    assert (app.state("c"), app.state("b")) == (3, None)
    etag = app.request("GET", "/v1.0/state/statestore/c").headers["etag"]
    app.save("c", 4)
    stale = app.request("DELETE", "/v1.0/state/statestore/c", headers={"if-match": etag})
    assert stale.status_code == 409, stale.text


@plain
def test_output_binding(app: Peer) -> None:
    def binding(operation: str, data: object = None, **metadata: str):
        body = {"operation": operation, "data": data, "metadata": metadata}
        return app.request("POST", "/v1.0/bindings/files", json=body)

    assert binding("create", {"hello": "world"}, fileName="a/b.json").status_code == 200
    assert binding("get", fileName="a/b.json").json() == {"hello": "world"}
    assert (app.machine.home / "files/a/b.json").is_file()
    assert binding("delete", fileName="a/b.json").status_code == 204
    assert binding("get", fileName="a/b.json").status_code == 500


@plain
def test_secrets(app: Peer) -> None:
    assert app.request("GET", "/v1.0/secrets/secrets/database").json() == SECRETS["database"]
    assert app.request("GET", "/v1.0/secrets/secrets/bulk").json()["token"] == {"token": "s3cret"}
    assert app.request("GET", "/v1.0/secrets/environment/FROM_ENVIRONMENT").json() == {"FROM_ENVIRONMENT": "visible"}


@plain
def test_configuration(app: Peer, redis: Redis) -> None:
    redis.set("plain-greeting", "hello||v1")
    path = "/v1.0/configuration/settings"
    answer = app.request("GET", f"{path}?key=plain-greeting")
    assert answer.json() == {"plain-greeting": {"value": "hello", "version": "v1"}}
    subscription = app.request("GET", f"{path}/subscribe?key=plain-greeting").json()["id"]

    def changed() -> bool:
        redis.set("plain-greeting", "hi||v2")
        return "hi" in app.seen("settings plain-greeting")

    until(changed, "the change arrives")
    assert app.request("GET", f"{path}/{subscription}/unsubscribe").json() == {"ok": True}


@plain
def test_lock(app: Peer) -> None:
    def call(verb: str, owner: str, **more: object) -> dict:
        body = {"resourceId": "plain", "lockOwner": owner, **more}
        return app.request("POST", f"/v1.0-alpha1/{verb}/locks", json=body).json()

    assert call("lock", "one", expiryInSeconds=60) == {"success": True}
    assert call("lock", "two", expiryInSeconds=60)["success"] is False
    assert call("unlock", "two") == {"status": 2}
    assert call("unlock", "one") == {"status": 0}
    assert call("unlock", "one") == {"status": 1}


@plain
def test_jobs_list(app: Peer) -> None:
    app.schedule("later", schedule="0 0 3 * * *", data={"task": "report"}, repeats=3)
    job = app.request("GET", "/v1.0/jobs/later").json()
    assert (job["name"], job["schedule"], job["repeats"]) == ("later", "0 0 3 * * *", 3)
    again = app.request("POST", "/v1.0/jobs/later", json={"schedule": "@daily"})
    assert again.status_code == 409, again.text
    app.schedule("later", schedule="@daily", overwrite=True)
    assert app.request("DELETE", "/v1.0/jobs/later").status_code == 204
    assert app.request("GET", "/v1.0/jobs/later").status_code == 500


@plain
def test_metadata(app: Peer) -> None:
    answer = app.request("PUT", "/v1.0/metadata/purpose", content="tests")
    assert answer.status_code == 204, answer.text
    metadata = app.request("GET", "/v1.0/metadata").json()
    assert metadata["id"] == app.app_id
    assert metadata["extended"]["purpose"] == "tests"
    assert {"pubsub", "statestore"} <= {item["name"] for item in metadata["components"]}


@plain
def test_health(app: Peer) -> None:
    assert app.request("GET", "/v1.0/healthz").status_code == 204
    assert app.request("GET", "/v1.0/healthz/outbound").status_code == 204
