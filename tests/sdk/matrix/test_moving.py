"""An app moves between a stock sidecar and the embedded one and back, with the Redis components of `dapr init`.

Needs a stock sidecar: DAPRD_PEER names it.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from peers import STOCK, Peer, Redis, component, resource
from support import Machine, free_ports, until

pytestmark = pytest.mark.skipif(STOCK is None, reason="DAPRD_PEER names no stock daprd")

RUNTIMES = ["installed", "embedded", "installed", "embedded"]


class Home:
    """A machine on which both sidecars are, and an app that runs with either."""

    def __init__(self, machine: Machine, redis: Redis, runtime: list[str]):
        self.machine = machine
        resources = machine.home / "resources"
        resources.mkdir()
        common = {"redisHost": redis.address}
        for content in (
            component("statestore", "state.redis", actorStateStore="true", **common),
            component("pubsub", "pubsub.redis", **common),
            component("locks", "lock.redis", **common),
        ):
            (resources / f"{content['metadata']['name']}.yaml").write_text(json.dumps(content))
        configuration = machine.home / "configuration.yaml"
        configuration.write_text(json.dumps(resource("both", "Configuration", {})))
        self.flags = ["--resources-path", str(resources), "--config", str(configuration), *runtime[2:]]

    def run(self, runtime: str, app_id: str = "mover") -> Peer:
        [port] = free_ports(1)
        flags = ["--app-port", str(port), "--runtime", runtime, *self.flags]
        command = ["uvicorn", "--log-level", "warning", "--port", str(port), "plain_app:app"]
        return Peer(self.machine, app_id, flags, command).up().subscribed()

    def publisher(self, runtime: str) -> Peer:
        """A sidecar without an app."""
        return Peer(self.machine, "publisher", ["--runtime", runtime, *self.flags], ["sleep", "600"]).up()


@pytest.fixture
def home(tmp_path: Path, redis: Redis, runtime: list[str]) -> Iterator[Home]:
    assert redis.command("FLUSHALL") == "+OK"
    machine = Machine(tmp_path)
    programs = tmp_path / ".dapr" / "bin"
    programs.mkdir(parents=True)
    (programs / "daprd").symlink_to(STOCK)
    yield Home(machine, redis, runtime)
    machine.close()


def test_state_moves(home: Home, redis: Redis) -> None:
    for n, runtime in enumerate(RUNTIMES):
        app = home.run(runtime)
        if n:
            assert app.state("mine") == {"by": n - 1}
            answer = app.request("GET", "/v1.0/state/statestore/mine")
            assert answer.headers["etag"] == str(n)
            items = [{"key": "mine", "value": {"by": n}, "etag": answer.headers["etag"]}]
            saved = app.request("POST", "/v1.0/state/statestore", json=items)
            assert saved.status_code == 204, saved.text
            assert app.state(f"text {n - 1}") == "words"
            assert app.state(f"brief {n - 1}") == n - 1
        else:
            app.save("mine", {"by": n})
        app.save(f"text {n}", "words")
        brief = [{"key": f"brief {n}", "value": n, "metadata": {"ttlInSeconds": "600"}}]
        assert app.request("POST", "/v1.0/state/statestore", json=brief).status_code == 204
        assert 0 < int(redis.command("TTL", f"mover||brief {n}").removeprefix(":")) <= 600
        app.stop()


def test_events_move(home: Home) -> None:
    """What one kind of sidecar has published, and what it has not yet handled, reaches an app on the other."""
    for subscriber in ("installed", "embedded"):
        home.run(subscriber).stop()
        for publisher in ("installed", "embedded"):
            source = home.publisher(publisher)
            for n in range(10):
                source.publish("plain", {"n": n, "by": publisher})
            source.stop()
        app = home.run(subscriber)
        app.sees_all("plain", *[{"n": n, "by": by} for by in ("installed", "embedded") for n in range(10)])
        app.stop()


def test_events_are_shared(home: Home) -> None:
    """Two instances of an app, one on each kind of sidecar, get each event once."""
    apps = [home.run("installed"), home.run("embedded")]
    for n in range(100):
        apps[n % 2].publish("plain", {"n": n})

    def seen() -> list[int]:
        return sorted(event["n"] for app in apps for event in told(app, "plain"))

    until(lambda: len(seen()) >= 100, "all events arrive")
    assert seen() == list(range(100))
    assert all(told(app, "plain") for app in apps), "both take part"


def told(app: Peer, name: str) -> list:
    """What this instance has noted; an invocation would reach any of them."""
    answer = app.machine.http.post(f"http://127.0.0.1:{app.app_port}/seen", json={"name": name})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_locks_are_shared(home: Home) -> None:
    one, two = home.run("installed"), home.run("embedded")

    def call(app: Peer, verb: str, owner: str, **more: object) -> dict:
        body = {"resourceId": "shared", "lockOwner": owner, **more}
        return app.request("POST", f"/v1.0-alpha1/{verb}/locks", json=body).json()

    assert call(one, "lock", "a", expiryInSeconds=60)["success"]
    assert not call(two, "lock", "b", expiryInSeconds=60)["success"]
    assert call(two, "unlock", "b") == {"status": 2}
    assert call(two, "unlock", "a") == {"status": 0}
    assert call(two, "lock", "b", expiryInSeconds=60)["success"]
    assert not call(one, "lock", "a", expiryInSeconds=60)["success"]
