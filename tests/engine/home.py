"""A home directory, an engine, and `dapr` between them: what the tests of `dapr init` tell their stories with."""

import hashlib
import json
import os
import re
import socket
import subprocess
from collections.abc import Iterable
from pathlib import Path

import httpx
import pytest
import yaml

import support
from engines import Engine
from gate import Gate
from registry import NEWEST, Registry
from releases import Releases

# The containers of `dapr init` and the ports of this machine that lead to theirs.
PORTS = {
    "dapr_placement": {50005: 50005, 58080: 8080, 59090: 9090},
    "dapr_scheduler": {50006: 50006, 2379: 2379, 58081: 8080, 59091: 9090},
    "dapr_redis": {6379: 6379},
    "dapr_zipkin": {9411: 9411},
}
ALL = set(PORTS)
SERVICE, VERSION = "io.dapr.cli.service", "io.dapr.cli.version"
FAILURE = "❌"
INHERITED = re.compile(r"(?i)^(.*_proxy|docker_.*|container.*|ssl_cert_.*|xdg_runtime_dir)$")

Result = subprocess.CompletedProcess


def ok(result: Result) -> Result:
    assert result.returncode == 0, f"exit code {result.returncode}\n{result.stdout}{result.stderr}"
    return result


def failed(result: Result, *naming: str) -> str:
    """The one line that says why a command failed; it has to name these."""
    assert result.returncode == 1, f"exit code {result.returncode}\n{result.stdout}{result.stderr}"
    lines = [line for line in result.stderr.splitlines() if FAILURE in line]
    assert len(lines) == 1, f"not one failure but {len(lines)}:\n{result.stderr}"
    for name in naming:
        assert name in lines[0], f"{name} is not named in: {lines[0]}"
    return lines[0]


class Home(support.Machine):
    """A home without `.dapr`, on one engine, beside a registry and a release host."""

    def __init__(self, home: Path, engine: Engine, registry: Registry, releases: Releases):
        super().__init__(home)
        self.engine, self.registry, self.releases = engine, registry, releases
        self.installed = home / ".dapr"
        self.env = {name: value for name, value in self.env.items() if not INHERITED.match(name)}
        self.env |= engine.variables | {
            "SSL_CERT_FILE": str(releases.ca),
            "DAPR_DOWNLOAD_URL": releases.url,
            "DAPR_IMAGE_REGISTRY": registry.address,
        }
        self.transcript: list[tuple[str, Result]] = []

    # Commands.

    def dapr(self, *args: str, limit: float = 120, **env: str) -> Result:
        result = super().dapr(*args, limit=limit, **env)
        self.transcript.append((f"dapr {' '.join(args)}", result))
        return result

    @property
    def on_engine(self) -> list[str]:
        return [] if self.engine.kind == "docker" else ["--container-runtime", self.engine.kind]

    def try_init(self, *flags: str, version: str | None = NEWEST, limit: float = 120, **env: str) -> Result:
        wanted = ["--runtime-version", version] if version and "--from-dir" not in flags else []
        if "--from-dir" in flags:
            env = {"DAPR_IMAGE_REGISTRY": ""} | env
        return self.dapr("init", *self.on_engine, *wanted, *flags, limit=limit, **env)

    def init(self, *flags: str, **more) -> Result:
        return ok(self.try_init(*flags, **more))

    def uninstall(self, *flags: str) -> Result:
        return ok(self.dapr("uninstall", *self.on_engine, *flags))

    def start(self, *args: str, **env: str) -> support.Process:
        """A command that the test wants to meet while it runs."""
        return support.Process(self, args[0], args, **env)

    def start_init(self, *flags: str, **env: str) -> support.Process:
        return self.start("init", *self.on_engine, "--runtime-version", NEWEST, *flags, **env)

    def held(self, gate: Gate, *args: str) -> support.Process:
        """A command that waits for the answer which the gate holds back."""
        process = self.start(*args, **self.engine.through(gate.path))
        support.until(lambda: process.ended() or gate.reached.is_set(), "the gate is reached")
        assert gate.reached.is_set(), process.output
        return process

    def init_held(self, gate: Gate) -> support.Process:
        return self.held(gate, "init", *self.on_engine, "--runtime-version", NEWEST)

    def status(self, *flags: str) -> list[dict]:
        """The rows of `dapr status`, whatever its exit code."""
        return json.loads(self.dapr("status", "-o", "json", *flags).stdout)

    # What is there.

    def tree(self) -> dict[str, tuple]:
        """Every file below `.dapr` with its kind and its content; nothing when it does not exist."""
        return {name: (kind, content) for name, (kind, content, _) in self.details().items()}

    def details(self) -> dict[str, tuple]:
        """As `tree`, and when each file was written."""
        found = {}
        for path in sorted(self.installed.rglob("*")) + [self.installed]:
            if not os.path.lexists(path):
                continue
            mode, name = path.lstat().st_mode, str(path.relative_to(self.home))
            content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None
            found[name] = (oct(mode), content, path.lstat().st_mtime_ns if path.is_file() else 0)
        return found

    def whole(self) -> dict[str, tuple]:
        """What an installation consists of, without what it only remembers."""
        notes = (".dapr/cache", ".dapr/init.json")
        return {name: what for name, what in self.tree().items() if not name.startswith(notes)}

    def read(self, *parts: str) -> str:
        return self.installed.joinpath(*parts).read_text()

    def ids(self) -> dict[str, tuple[str, str]]:
        """Each container's id and when it was started."""
        return {
            name: (container["Id"], container["State"]["StartedAt"])
            for name, container in self.engine.containers().items()
        }

    def nothing_made(self) -> None:
        assert self.engine.left() == {}

    def clean(self) -> None:
        """Fails unless engine, home and process table are as before the first `init`."""
        self.nothing_made()
        assert not self.installed.exists(), sorted(self.tree())
        self.nothing_left()
        assert not self.installed.exists(), sorted(self.tree())

    def state_address(self) -> tuple[str, int]:
        """Where the state store of the default components is."""
        component = yaml.safe_load(self.read("components", "statestore.yaml"))
        assert component["spec"]["type"] == "state.redis"
        [host] = [item["value"] for item in component["spec"]["metadata"] if item["name"] == "redisHost"]
        name, port = host.rsplit(":", 1)
        return name, int(port)

    def trace_address(self) -> str:
        """Where the default configuration sends traces."""
        return yaml.safe_load(self.read("config.yaml"))["spec"]["tracing"]["zipkin"]["endpointAddress"]

    def close(self) -> None:
        # Podman's helpers may carry our mark for as long as their containers live.
        self.engine.clear()
        super().close()


def bindings(container: dict) -> dict[int, int]:
    """Ports of this machine and those of the container that they lead to."""
    published = container["HostConfig"]["PortBindings"] or {}
    return {int(b["HostPort"]): int(port.split("/")[0]) for port, there in published.items() for b in there or []}


def bound_to(container: dict) -> set[str]:
    """The addresses of this machine on which a container is published."""
    published = container["HostConfig"]["PortBindings"] or {}
    return {b["HostIp"] for there in published.values() for b in there or []}


def command(container: dict) -> list[str]:
    """Entry point and arguments, as they were asked for."""
    entry, arguments = container["Config"]["Entrypoint"] or [], container["Config"]["Cmd"] or []
    return [*([entry] if isinstance(entry, str) else entry), *arguments]


def healthy(url: str) -> bool:
    return httpx.get(url, timeout=5, trust_env=False).status_code == 200


def redis(address: tuple[str, int], *words: str) -> str:
    """What Redis answers to a command."""
    text = f"*{len(words)}\r\n" + "".join(f"${len(word.encode())}\r\n{word}\r\n" for word in words)

    def talk() -> bytes:
        with socket.create_connection(address, timeout=5) as connection:
            connection.sendall(text.encode())
            return connection.recv(65536)

    answer = support.until(talk, f"Redis answers at {address}", 20).decode()
    assert not answer.startswith("-"), answer
    return answer.split("\r\n")[1] if answer.startswith("$") else answer[1:].strip()


def write(directory: Path, files: dict[str, str]) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (directory / name).write_text(content)
    return directory


def json_lines(text: str) -> Iterable[dict]:
    """Every line as JSON; one that is none fails the test."""
    for line in text.splitlines():
        try:
            yield json.loads(line)
        except ValueError:
            pytest.fail(f"not JSON: {line!r}")
