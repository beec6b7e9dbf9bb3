"""What the tests of the matrix share: one machine, and one `dapr run` per SDK and transport, for many tests.

A test module has the fixture `peer`, with a parameter `<sdk>-<transport>` for each that its tests are for. With
DAPRD_PEER, the path of a stock `daprd`, the same tests run against that one: what fails there is a wrong test, or
a difference that is wanted.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from support import Machine

PEER = os.environ.get("DAPRD_PEER")
SECRETS = {"token": "s3cret", "database": {"user": "dapr", "password": "pw"}}


def component(name: str, kind: str, **properties: object) -> dict:
    return {
        "apiVersion": "dapr.io/v1alpha1",
        "kind": "Component",
        "metadata": {"name": name},
        "spec": {
            "type": kind,
            "version": "v1",
            "metadata": [{"name": key, "value": value} for key, value in properties.items()],
        },
    }


def components(home: Path) -> list[dict]:
    secrets = home / "secrets.json"
    secrets.write_text(json.dumps(SECRETS))
    broker = (
        component("pubsub", "pubsub.in-memory") if PEER
        else component("pubsub", "pubsub.sqlite", connectionString=str(home / "pubsub.sqlite"))
    )
    return [
        broker,
        component("statestore", "state.sqlite", connectionString=str(home / "state.sqlite")),
        component("secrets", "secretstores.local.file", secretsFile=str(secrets), multiValued="true"),
        component("environment", "secretstores.local.env"),
    ]


@pytest.fixture(scope="module")
def transport(peer: str) -> str:
    """`http` or `grpc`."""
    return peer.rpartition("-")[2]


@pytest.fixture(scope="module")
def machine(peer: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """Like the one of the other tests, but for all tests of a module with one SDK and transport."""
    machine = Machine(tmp_path_factory.mktemp(peer))
    if PEER:
        programs = machine.home / ".dapr" / "bin"
        programs.mkdir(parents=True)
        (programs / "daprd").symlink_to(PEER)
    yield machine
    machine.close()


@pytest.fixture(scope="module")
def flags(machine: Machine) -> list[str]:
    """Flags of `dapr run` with which an app gets what the tests use."""
    directory = machine.home / "resources"
    directory.mkdir()
    for content in components(machine.home):
        # JSON is YAML too.
        (directory / f"{content['metadata']['name']}.yaml").write_text(json.dumps(content))
    configuration = machine.home / "configuration.yaml"
    configuration.write_text(json.dumps({
        "apiVersion": "dapr.io/v1alpha1", "kind": "Configuration", "metadata": {"name": "matrix"}, "spec": {},
    }))
    return [
        "--resources-path", str(directory), "--config", str(configuration),
        "--runtime", "installed" if PEER else "embedded",
    ]
