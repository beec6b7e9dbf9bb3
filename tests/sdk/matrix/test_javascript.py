"""JavaScript, `@dapr/dapr`: client and server in one app, over HTTP and gRPC."""

import json
import subprocess
from pathlib import Path

import pytest

from support import ROOT, Machine, Run, free_ports, leave_out, require, until

SOURCES = Path(__file__).resolve().parents[1] / "js"
OLDEST_NODE = 20


class Javascript(Run):
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

    def seen(self, name: str) -> list:
        return self.invoke("POST", "seen", json={"name": name}).json()

    def sees(self, name: str, *values: object) -> None:
        """Waits until exactly these have arrived under a name."""
        until(lambda: len(self.seen(name)) >= len(values), f"{name} gets {values}")
        assert self.seen(name) == list(values)


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


@pytest.fixture(scope="module", params=["javascript-http"])
def peer(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def js(machine: Machine, modules: Path, flags: list[str], transport: str) -> Javascript:
    [port] = free_ports(1)
    run = Javascript(
        machine, "javascript", ["--app-port", str(port), "--app-protocol", transport, *flags],
        ["node", str(SOURCES / "app.js")],
        NODE_PATH=str(modules), PROTOCOL=transport.upper(), FROM_ENVIRONMENT="visible",
    )
    run.up().subscribed()
    return run


def test_invocation(js: Javascript, transport: str) -> None:
    for method in ("GET", "POST", "PUT", "DELETE"):
        data = None if method == "GET" else {"hello": "world"}
        answer = js.call("invoker.invoke", js.app_id, "echo", method, *([data] if data else []))
        assert answer["method"] == method.lower()
        if data:
            assert json.loads(answer["body"]) == data
            assert answer["contentType"] == "application/json"
    error = js.attempt("invoker.invoke", "nobody", "echo", "POST", {})["error"]
    assert "ERR_DIRECT_INVOKE" in error if transport == "http" else "nobody" in error


def test_state(js: Javascript) -> None:
    assert js.call("state.save", "statestore", [{"key": "a", "value": {"n": [1, 2]}}, {"key": "b", "value": "text"}]) == {}
    assert js.call("state.get", "statestore", "a") == {"n": [1, 2]}
    assert js.call("state.get", "statestore", "b") == "text"
    assert js.call("state.get", "statestore", "missing") == ""

    bulk = js.call("state.getBulk", "statestore", ["a", "b", "missing"])
    assert {item["key"]: item.get("data") or None for item in bulk} == {"a": {"n": [1, 2]}, "b": "text", "missing": None}

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
    stale = js.attempt("state.save", "statestore", [{"key": "tagged", "value": "3", "etag": first["etag"]}])
    assert "possible etag mismatch" in json.dumps(stale)
    stale = js.attempt("state.delete", "statestore", "tagged", {"etag": first["etag"]})
    assert "possible etag mismatch" in json.dumps(stale)
    assert str(js.call("state.get", "statestore", "tagged")) == "2"


def test_state_missing_store(js: Javascript) -> None:
    answer = js.attempt("state.get", "nothing", "a")
    assert "state store nothing" in answer["error"]


def test_publish(js: Javascript) -> None:
    assert js.call("pubsub.publish", "pubsub", "plain", {"n": 1}) == {}
    js.call("pubsub.publish", "pubsub", "plain", "text")
    event = {
        "specversion": "1.0", "id": "my-id", "source": "test", "type": "mine",
        "datacontenttype": "application/json", "data": {"n": 2},
    }
    js.call("pubsub.publish", "pubsub", "plain", event)
    js.sees("plain", {"n": 1}, "text", {"n": 2})
    assert "nothing" in json.dumps(js.attempt("pubsub.publish", "nothing", "plain", {"n": 1}))


def test_subscribe(js: Javascript) -> None:
    js.call("pubsub.publish", "pubsub", "routed", {"order": 1})
    js.sees("routed", {"order": 1})
    js.call("pubsub.publish", "pubsub", "raw", {"order": 2}, {"metadata": {"rawPayload": "true"}})
    js.sees("raw", {"order": 2})


def test_dead_letters(js: Javascript) -> None:
    js.call("pubsub.publish", "pubsub", "refused", {"order": 3})
    js.sees("graveyard", {"order": 3})
    js.sees("refused", {"order": 3})


def test_secrets(js: Javascript) -> None:
    assert js.call("secret.get", "secrets", "database") == {"user": "dapr", "password": "pw"}
    assert js.call("secret.get", "secrets", "token") == {"token": "s3cret"}
    assert js.call("secret.get", "environment", "FROM_ENVIRONMENT") == {"FROM_ENVIRONMENT": "visible"}
    assert js.call("secret.getBulk", "secrets") == {
        "token": {"token": "s3cret"}, "database": {"user": "dapr", "password": "pw"},
    }


def test_metadata(js: Javascript) -> None:
    assert js.call("metadata.set", "purpose", "tests") is True
    metadata = js.call("metadata.get")
    assert metadata["id"] == js.app_id
    assert metadata["extended"]["purpose"] == "tests"
    assert {"pubsub", "statestore"} <= {component["name"] for component in metadata["components"]}


def test_health(js: Javascript) -> None:
    assert js.call("health.isHealthy") is True
