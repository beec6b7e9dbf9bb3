"""What the tests of the matrix are told in: apps that tell what has reached them, and the servers beside them."""

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Iterable
from pathlib import Path

from support import Run, free_ports, leave_out, until

# The path of a stock `daprd` that is to be tested in place of the embedded one; its `placement` and `scheduler` lie
# beside it.
STOCK = os.environ.get("DAPRD_PEER") or None
SECRETS = {"token": "s3cret", "database": {"user": "dapr", "password": "pw"}}


class Peer(Run):
    """A `dapr run` of an app that notes what reaches it."""

    def seen(self, name: str) -> list:
        """What has been noted under a name."""
        answer = self.invoke("POST", "seen", json={"name": name})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def sees(self, name: str, *values: object) -> None:
        """Waits until exactly these have been noted under a name."""
        until(lambda: len(self.seen(name)) >= len(values), f"{self.app_id} notes {values} under {name}")
        assert self.seen(name) == list(values)

    def sees_all(self, name: str, *values: object) -> None:
        """The same for values that may come in any order."""
        until(lambda: len(self.seen(name)) >= len(values), f"{self.app_id} notes {values} under {name}")
        assert in_order(self.seen(name)) == in_order(values)

    def schedule(self, name: str, **job: object) -> None:
        """Schedules a job by HTTP."""
        answer = self.request("POST", f"/v1.0/jobs/{name}", json=job)
        assert answer.status_code == 204, answer.text


def in_order(values: Iterable[object]) -> list[str]:
    """As JSON, in an order that doesn't depend on the one they came in."""
    return sorted(json.dumps(value, sort_keys=True) for value in values)


class Server:
    """A program beside the tests, on a port of its own."""

    def __init__(self, command: list[str], port: int, directory: Path, executable: str | None = None):
        self.port = port
        self.log = directory / f"{Path(command[0]).name}.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                command, executable=executable, cwd=directory, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )
        until(lambda: self.process.poll() is not None or self.answers(), f"{command[0]} listens on {port}")
        assert self.process.poll() is None, self.log.read_text()

    def answers(self) -> bool:
        socket.create_connection(("127.0.0.1", self.port), 5).close()
        return True

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(30)


class Redis(Server):
    """A Redis server that keeps nothing."""

    def __init__(self, directory: Path):
        # The package redis-tools has the server under this name; what it is called by decides what it is.
        program = shutil.which("redis-server") or shutil.which("redis-check-rdb")
        if program is None:
            leave_out("redis-server is not installed")
        [port] = free_ports(1)
        command = ["redis-server", "--bind", "127.0.0.1", "--port", str(port), "--save", "", "--appendonly", "no"]
        super().__init__(command, port, directory, executable=program)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def command(self, *words: str) -> str:
        """Sends a command that is answered by one line, and returns that."""
        request = f"*{len(words)}\r\n" + "".join(f"${len(word.encode())}\r\n{word}\r\n" for word in words)
        with socket.create_connection(("127.0.0.1", self.port), 10) as connection:
            connection.sendall(request.encode())
            return connection.makefile("rb").readline().decode().strip()

    def set(self, key: str, value: str) -> None:
        assert self.command("SET", key, value) == "+OK"


def stock_services(directory: Path) -> dict[str, Server]:
    """What a stock sidecar needs beside it, by the flag of `dapr run` that names the address."""
    programs = Path(STOCK).parent
    ports = iter(map(str, free_ports(9)))

    def service(name: str, port: str, *words: str) -> Server:
        common = ["--port", port, "--healthz-port", next(ports), "--metrics-port", next(ports)]
        loopback = ["--listen-address", "127.0.0.1", "--healthz-listen-address", "127.0.0.1"]
        return Server([str(programs / name), *common, *loopback, *words], int(port), directory)

    raft, etcd = next(ports), next(ports)
    return {
        "--placement-host-address": service(
            "placement", next(ports), "--id", "p0", "--initial-cluster", f"p0=127.0.0.1:{raft}",
        ),
        "--scheduler-host-address": service(
            "scheduler", next(ports), "--id", "s0", "--etcd-data-dir", str(directory / "etcd"),
            "--etcd-initial-cluster", f"s0=http://127.0.0.1:{etcd}", "--etcd-client-port", next(ports),
        ),
    }


def resource(name: str, kind: str, spec: dict, version: str = "v1alpha1", **rest: object) -> dict:
    return {"apiVersion": f"dapr.io/{version}", "kind": kind, "metadata": {"name": name}, "spec": spec, **rest}


def component(name: str, kind: str, **properties: object) -> dict:
    metadata = [{"name": key, "value": value} for key, value in properties.items()]
    return resource(name, "Component", {"type": kind, "version": "v1", "metadata": metadata})
