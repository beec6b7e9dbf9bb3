"""What the tests of the matrix share: one machine, and one `dapr run` per SDK and transport, for many tests.

A test module has the fixture `peer`, with a parameter `<sdk>-<transport>` for each that its tests are for. With
DAPRD_PEER, the path of a stock `daprd`, the same tests run against that one: what fails there is a wrong test, or
a difference that is wanted.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from peers import SECRETS, STOCK, Redis, component, resource, stock_services
from support import Machine


@pytest.fixture(scope="session")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    server = Redis(tmp_path_factory.mktemp("redis"))
    yield server
    server.close()


@pytest.fixture(scope="session")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """Flags of `dapr run` that choose the sidecar."""
    if STOCK is None:
        yield ["--runtime", "embedded"]
        return
    services = stock_services(tmp_path_factory.mktemp("services"))
    addresses = [word for flag, server in services.items() for word in (flag, f"127.0.0.1:{server.port}")]
    yield ["--runtime", "installed", *addresses]
    for server in services.values():
        server.close()


@pytest.fixture(scope="module")
def transport(peer: str) -> str:
    """`http` or `grpc`."""
    return peer.rpartition("-")[2]


@pytest.fixture(scope="module")
def machine(peer: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """Like the one of the other tests, but for all tests of a module with one SDK and transport."""
    machine = Machine(tmp_path_factory.mktemp(peer))
    if STOCK:
        programs = machine.home / ".dapr" / "bin"
        programs.mkdir(parents=True)
        (programs / "daprd").symlink_to(STOCK)
    yield machine
    machine.close()


@pytest.fixture(scope="module")
def flags(machine: Machine, redis: Redis, runtime: list[str]) -> list[str]:
    """Flags of `dapr run` with which an app gets what the tests use."""
    directory = machine.home / "resources"
    directory.mkdir()
    for content in resources(machine.home, redis):
        # JSON is YAML too.
        (directory / f"{content['metadata']['name']}.yaml").write_text(json.dumps(content))
    configuration = machine.home / "configuration.yaml"
    configuration.write_text(json.dumps(resource("matrix", "Configuration", {})))
    return ["--resources-path", str(directory), "--config", str(configuration), *runtime]


def resources(home: Path, redis: Redis) -> list[dict]:
    secrets = home / "secrets.json"
    secrets.write_text(json.dumps(SECRETS))
    files = home / "files"
    files.mkdir()
    broker = (
        component("pubsub", "pubsub.in-memory") if STOCK
        else component("pubsub", "pubsub.sqlite", connectionString=str(home / "pubsub.sqlite"))
    )
    return [
        broker,
        component("statestore", "state.sqlite", connectionString=str(home / "state.sqlite")),
        component("secrets", "secretstores.local.file", secretsFile=str(secrets), multiValued="true"),
        component("environment", "secretstores.local.env"),
        component("files", "bindings.localstorage", rootPath=str(files)),
        component("tick", "bindings.cron", schedule="@every 1s", direction="input"),
        component("settings", "configuration.redis", redisHost=redis.address),
        component("locks", "lock.redis", redisHost=redis.address),
    ]
