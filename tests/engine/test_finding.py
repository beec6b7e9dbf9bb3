"""How `dapr` finds an engine: variables, Docker's contexts, and a service of Podman that it starts itself."""

import hashlib
import json

import pytest

from home import ALL, Home, write


@pytest.fixture
def podman(machine: Home) -> Home:
    """Podman, but its service is not named."""
    del machine.env["CONTAINER_HOST"]
    return machine


@pytest.mark.parametrize("engine", ["podman"], indirect=True)
def test_podman_needs_no_service(podman: Home):
    podman.init()
    assert podman.engine.running() == ALL
    assert services(podman) == []
    podman.uninstall("--all")
    podman.clean()


@pytest.mark.parametrize("engine", ["podman"], indirect=True)
def test_a_failed_init_ends_its_service(podman: Home):
    podman.releases.fault(status=404)
    assert podman.try_init().returncode == 1
    podman.clean()


def services(machine: Home) -> list[int]:
    """Services of Podman that this test's commands have left."""
    return [process.pid for process in machine.processes() if "service" in process.cmdline()]


@pytest.mark.parametrize("how", ["current", "variable"])
def test_a_context_of_docker_names_the_engine(machine: Home, how: str):
    address = machine.env.pop("DOCKER_HOST")
    configuration = write(machine.home / ".docker", {
        "config.json": json.dumps({"currentContext": "tests"} if how == "current" else {}),
    })
    write(configuration / "contexts" / "meta" / hashlib.sha256(b"tests").hexdigest(), {
        "meta.json": json.dumps({"Name": "tests", "Endpoints": {"docker": {"Host": address}}}),
    })
    more = {"DOCKER_CONTEXT": "tests"} if how == "variable" else {}
    machine.init(**more)
    assert machine.engine.running() == ALL
