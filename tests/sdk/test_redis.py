"""The components that `dapr init` writes by default, on Redis: apps run on the embedded runtime without a change."""

import json
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from dapr.clients import DaprClient
from dapr.conf import settings

from support import ROOT, Machine, Run, free_ports, leave_out, seen, until

COUNT = 100


class Redis:
    """A server of the test's own."""

    def __init__(self, directory: Path):
        # Server and tools are one program that goes by its name.
        program = shutil.which("redis-server") or shutil.which("redis-check-rdb")
        if program is None:
            leave_out("redis-server is not installed")
        [self.port] = free_ports(1)
        command = ["redis-server", "--bind", "127.0.0.1", "--port", str(self.port), "--save", "", "--appendonly", "no"]
        self.process = subprocess.Popen(
            command, executable=program, cwd=directory, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        )
        until(lambda: self.ask("PING") == "+PONG", "Redis answers")

    def ask(self, *words: str) -> str:
        """Sends a command; the answer as it stands on the wire."""
        request = f"*{len(words)}\r\n" + "".join(f"${len(word.encode())}\r\n{word}\r\n" for word in words)
        with socket.create_connection(("127.0.0.1", self.port), 10) as connection:
            connection.sendall(request.encode())
            return connection.recv(65536).decode().strip()


@pytest.fixture
def redis(machine: Machine, tmp_path: Path) -> Iterator[Redis]:
    """Redis, and the default components of `dapr init` for it."""
    server = Redis(tmp_path)
    components = machine.home / ".dapr" / "components"
    components.mkdir(parents=True)
    for name in ("statestore.yaml", "pubsub.yaml"):
        text = (ROOT / "templates" / "stock" / name).read_text()
        (components / name).write_text(text.replace("@REDIS_HOST@", f"localhost:{server.port}"))
    yield server
    server.process.kill()
    server.process.wait()


def run(machine: Machine, app_id: str) -> Run:
    return machine.run(app_id, "sleep", "600", flags=["--runtime", "embedded"]).up()


def test_state_outlives_the_run(machine: Machine, redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    first = run(machine, "keeper")
    monkeypatch.setattr(settings, "DAPR_HTTP_PORT", first.http_port)
    with DaprClient(f"127.0.0.1:{first.row()['grpcPort']}") as client:
        client.save_state("statestore", "order", json.dumps({"n": 1}))
        assert client.get_state("statestore", "order").etag == "1"
    assert '{"n": 1}' in redis.ask("HGET", "keeper||order", "data")
    first.stop()
    again = run(machine, "keeper")
    assert again.state("order") == {"n": 1}


def test_two_apps_exchange_events(machine: Machine, redis: Redis, tmp_path: Path) -> None:
    notes = tmp_path / "seen"
    source = run(machine, "publisher")
    # Before there is a subscriber: a group begins with what the stream has.
    for n in range(COUNT):
        source.publish("numbers", {"n": n})
    target = machine.serve("subscriber", "subscriber", flags=["--runtime", "embedded"], SEEN=str(notes)).up()
    until(lambda: len(seen(notes)) >= COUNT, "the events arrive")
    target.stop()
    for n in range(COUNT, 2 * COUNT):
        source.publish("numbers", {"n": n})
    machine.serve("subscriber", "subscriber", flags=["--runtime", "embedded"], SEEN=str(notes)).up()
    until(lambda: len(seen(notes)) >= 2 * COUNT, "those that came meanwhile, too")
    assert sorted(seen(notes)) == list(range(2 * COUNT))
    until(lambda: redis.ask("XPENDING", "numbers", "subscriber").startswith("*4\r\n:0"), "all are acknowledged")
