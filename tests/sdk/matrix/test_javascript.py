"""JavaScript, `@dapr/dapr`: client and server in one app, over HTTP and gRPC."""

import json
import subprocess
from pathlib import Path

import pytest

from peers import SECRETS, STOCK, Peer, Redis
from support import ROOT, Machine, free_ports, leave_out, require, until

SOURCES = Path(__file__).resolve().parents[1] / "js"
OLDEST_NODE = 18
grpc_only = pytest.mark.parametrize("peer", ["javascript-grpc"], indirect=True)


class Javascript(Peer):
    """A `dapr run` of `js/app.js`."""

    def call(self, name: str, *arguments: object) -> object:
        """Has the app call the SDK; a failure there is one here."""
        answer = self.attempt(name, *arguments)
        assert "error" not in answer, f"{name}{arguments}: {answer['error']}"
        return answer["result"]

    def attempt(self, name: str, *arguments: object) -> dict:
        """The same, for failures that are expected."""
        answer = self.invoke("POST", "call", json={"name": name, "arguments": arguments})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def failure(self, name: str, *arguments: object) -> str:
        """What the SDK says of a failure: it throws some and returns others."""
        answer = self.attempt(name, *arguments)
        error = answer.get("error") or answer["result"].get("error")
        assert error, f"{name}{arguments} has not failed: {answer}"
        return error


@pytest.fixture(scope="session")
def modules() -> Path:
    """The packages of the lock file, installed below `target/` and kept while that file stays the same."""
    version = subprocess.run([require("node"), "--version"], capture_output=True, text=True, timeout=30, check=True)
    if int(version.stdout.removeprefix("v").partition(".")[0]) < OLDEST_NODE:
        leave_out(f"node is {version.stdout.strip()}, and the SDK needs {OLDEST_NODE} or newer")
    npm = require("npm")
    place = ROOT / "target" / "test-node"
    lock = (SOURCES / "package-lock.json").read_bytes()
    installed = place / "node_modules"
    done = place / "installed-package-lock.json"
    if not done.is_file() or done.read_bytes() != lock:
        place.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json", ".npmrc"):
            (place / name).write_bytes((SOURCES / name).read_bytes())
        done.unlink(missing_ok=True)
        result = subprocess.run([npm, "ci"], cwd=place, capture_output=True, text=True, timeout=600, check=False)
        if result.returncode != 0:
            leave_out(f"the packages of {SOURCES} could not be installed: {result.stderr.strip()[-2000:]}")
        done.write_bytes(lock)
    return installed


@pytest.fixture(scope="module", params=["javascript-http", "javascript-grpc"])
def peer(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def js(machine: Machine, modules: Path, flags: list[str], peer: str, transport: str) -> Javascript:
    [port] = free_ports(1)
    run = Javascript(
        machine, peer, ["--app-port", str(port), "--app-protocol", transport, *flags],
        ["node", str(SOURCES / "app.js")],
        NODE_PATH=str(modules), PROTOCOL=transport.upper(), FROM_ENVIRONMENT="visible",
    )
    run.up().subscribed()
    return run


def test_invocation(js: Javascript) -> None:
    for method in ("GET", "POST", "PUT", "DELETE"):
        data = [] if method == "GET" else [{"hello": "world"}]
        answer = js.call("invoker.invoke", js.app_id, "echo", method, *data)
        assert answer["method"] == method.lower()
        if data:
            assert json.loads(answer["body"]) == data[0]
            assert answer["contentType"] == "application/json"
    assert "nobody" in js.failure("invoker.invoke", "nobody", "echo", "POST", {})


def test_state(js: Javascript) -> None:
    items = [{"key": "a", "value": {"n": [1, 2]}}, {"key": "b", "value": "text"}]
    assert js.call("state.save", "statestore", items) == {}
    assert js.call("state.get", "statestore", "a") == {"n": [1, 2]}
    assert js.call("state.get", "statestore", "b") == "text"
    assert js.call("state.get", "statestore", "missing") == ""

    bulk = js.call("state.getBulk", "statestore", ["a", "b", "missing"])
    values = {item["key"]: item.get("data") or None for item in bulk}
    assert values == {"a": {"n": [1, 2]}, "b": "text", "missing": None}

    js.call("state.transaction", "statestore", [
        {"operation": "upsert", "request": {"key": "c", "value": "from a transaction"}},
        {"operation": "delete", "request": {"key": "b"}},
    ])
    assert js.call("state.get", "statestore", "c") == "from a transaction"
    assert js.call("state.get", "statestore", "b") == ""

    assert js.call("state.delete", "statestore", "a") == {}
    assert js.call("state.get", "statestore", "a") == ""


def test_state_etags(js: Javascript) -> None:
    js.call("state.save", "statestore", [{"key": "tagged", "value": "1"}])
    [first] = js.call("state.getBulk", "statestore", ["tagged"])
    js.call("state.save", "statestore", [{"key": "tagged", "value": "2", "etag": first["etag"]}])
    stale = js.failure("state.save", "statestore", [{"key": "tagged", "value": "3", "etag": first["etag"]}])
    assert "possible etag mismatch" in stale
    assert "possible etag mismatch" in js.failure("state.delete", "statestore", "tagged", {"etag": first["etag"]})
    assert str(js.call("state.get", "statestore", "tagged")) == "2"


def test_state_missing_store(js: Javascript) -> None:
    assert "state store nothing" in js.failure("state.get", "nothing", "a")


def test_publish(js: Javascript) -> None:
    assert js.call("pubsub.publish", "pubsub", "plain", {"n": 1}) == {}
    js.call("pubsub.publish", "pubsub", "plain", "text")
    event = {
        "specversion": "1.0", "id": "my-id", "source": "test", "type": "mine",
        "datacontenttype": "application/json", "data": {"n": 2},
    }
    js.call("pubsub.publish", "pubsub", "plain", event)
    js.sees("plain", {"n": 1}, "text", {"n": 2})
    assert "nothing" in js.failure("pubsub.publish", "nothing", "plain", {"n": 1})


def test_subscribe(js: Javascript) -> None:
    js.call("pubsub.publish", "pubsub", "routed", {"order": 1})
    js.sees("routed", {"order": 1})
    js.call("pubsub.publish", "pubsub", "raw", {"order": 2}, {"metadata": {"rawPayload": "true"}})
    js.sees("raw", {"order": 2})


def test_dead_letters(js: Javascript) -> None:
    js.call("pubsub.publish", "pubsub", "refused", {"order": 3})
    js.sees("graveyard", {"order": 3})
    js.sees("refused", {"order": 3})


def test_routing_rules(js: Javascript) -> None:
    js.call("pubsub.publish", "pubsub", "ruled", {"amount": 1}, {"metadata": {"cloudevent.type": "order"}})
    js.call("pubsub.publish", "pubsub", "ruled", {"amount": 101})
    js.call("pubsub.publish", "pubsub", "ruled", {"amount": 2})
    js.sees("ruled order", {"amount": 1})
    js.sees("ruled large", {"amount": 101})
    js.sees("ruled other", {"amount": 2})


def test_bulk_publish(js: Javascript) -> None:
    messages = [{"n": 1}, {"entryID": "second", "event": {"n": 2}}, {"n": 3}]
    assert js.call("pubsub.publishBulk", "pubsub", "several", messages) == {"failedMessages": []}
    js.sees_all("several", {"n": 1}, {"n": 2}, {"n": 3})
    failed = js.call("pubsub.publishBulk", "nothing", "several", messages)["failedMessages"]
    assert len(failed) == len(messages)


def test_bulk_subscribe(js: Javascript, transport: str) -> None:
    if STOCK and transport == "grpc":
        pytest.xfail("a stock sidecar gives up when this SDK has only the older one of two methods")
    for n in range(3):
        js.call("pubsub.publish", "pubsub", "bulk", {"n": n})
    js.sees_all("bulk", {"n": 0}, {"n": 1}, {"n": 2})


def test_output_binding(js: Javascript) -> None:
    js.call("binding.send", "files", "create", {"hello": "world"}, {"fileName": "a.json"})
    stored = js.call("binding.send", "files", "get", None, {"fileName": "a.json"})
    if "data" in stored:
        stored = json.loads(stored["data"])
    assert stored == {"hello": "world"}
    js.call("binding.send", "files", "delete", None, {"fileName": "a.json"})
    assert "a.json" in js.failure("binding.send", "files", "get", None, {"fileName": "a.json"})


def test_input_binding(js: Javascript) -> None:
    until(lambda: len(js.seen("tick")) >= 2, "the clock ticks")


def test_secrets(js: Javascript) -> None:
    assert js.call("secret.get", "secrets", "token") == {"token": "s3cret"}
    assert js.call("secret.get", "environment", "FROM_ENVIRONMENT") == {"FROM_ENVIRONMENT": "visible"}
    everything = js.call("secret.getBulk", "secrets")
    assert everything == {"token": {"token": "s3cret"}, "database": SECRETS["database"]}
    # Over gRPC this SDK returns the first of several values only.
    several = js.call("secret.get", "secrets", "database")
    assert several.items() <= SECRETS["database"].items()


@grpc_only
def test_configuration(js: Javascript, redis: Redis) -> None:
    redis.set("js-greeting", "hello||v1")
    items = js.call("configuration.get", "settings", ["js-greeting"])["items"]
    assert items["js-greeting"]["value"] == "hello"
    assert items["js-greeting"]["version"] == "v1"
    js.call("configuration.subscribeWithKeys", "settings", ["js-greeting"], {"noter": "settings"})

    def changed() -> bool:
        redis.set("js-greeting", "hi||v2")
        return "hi" in [change["items"]["js-greeting"]["value"] for change in js.seen("settings")]

    until(changed, "the change arrives")
    js.call("stop", "settings")


def test_lock(js: Javascript) -> None:
    assert js.call("lock.lock", "locks", js.app_id, "one", 60) == {"success": True}
    assert not js.call("lock.lock", "locks", js.app_id, "two", 60).get("success")
    statuses = [js.call("lock.unlock", "locks", js.app_id, owner)["status"] for owner in ("two", "one", "one")]
    success, does_not_exist, belongs_to_others = 0, 1, 2
    assert statuses == [belongs_to_others, success, does_not_exist]


def test_metadata(js: Javascript) -> None:
    assert js.call("metadata.set", "purpose", "tests") is True
    metadata = js.call("metadata.get")
    assert metadata["id"] == js.app_id
    assert metadata["extended"]["purpose"] == "tests"
    assert {"pubsub", "statestore"} <= {component["name"] for component in metadata["components"]}


def test_health(js: Javascript) -> None:
    assert js.call("health.isHealthy") is True
