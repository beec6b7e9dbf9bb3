"""`dapr upgrade`: another version of the runtime, the same data."""

import pytest

from gate import Gate
from home import ALL, NEWEST, Home, failed, ok, redis

OLD = "1.17.2"
RUNTIME = {"dapr_placement", "dapr_scheduler"}
MINE = "# mine\n"


def upgrade(machine: Home, version: str = NEWEST, **env: str):
    """The engine is known from before."""
    return machine.dapr("upgrade", "--runtime-version", version, **env)


def installed(machine: Home) -> None:
    """The old version, with data and changed files."""
    machine.init(version=OLD)
    redis(machine.state_address(), "SET", "kept", "yes")
    file = machine.installed / "components" / "pubsub.yaml"
    file.write_text(MINE + file.read_text())


def is_upgraded(machine: Home) -> None:
    assert machine.engine.running() == machine.engine.names() == ALL
    containers = machine.engine.containers()
    for name in RUNTIME:
        assert containers[name]["Config"]["Image"] == machine.registry.reference("dapr/dapr", NEWEST)
    assert (machine.installed / "bin" / "daprd").read_bytes() == machine.releases.program("daprd", NEWEST)
    assert machine.read("components", "pubsub.yaml").startswith(MINE)
    assert redis(machine.state_address(), "GET", "kept") == "yes"
    assert machine.engine.volumes() == {"dapr_scheduler"}


@pytest.mark.on_both
def test_an_upgrade_keeps_the_data(machine: Home):
    installed(machine)
    ids = machine.ids()
    result = ok(upgrade(machine))
    assert NEWEST in result.stdout
    is_upgraded(machine)
    now = machine.ids()
    assert {name for name in ALL if now[name] != ids[name]} == RUNTIME

    files = machine.details()
    ok(upgrade(machine))
    assert machine.details() == files and machine.ids() == now
    machine.uninstall("--all")
    machine.clean()


@pytest.mark.parametrize("fault", ["archive", "image"])
def test_a_failed_upgrade_changes_nothing(machine: Home, fault: str):
    installed(machine)
    files, ids = machine.details(), machine.ids()
    if fault == "archive":
        machine.releases.fault(status=404)
        failed(upgrade(machine), machine.releases.address("daprd", NEWEST))
    else:
        failed(upgrade(machine, "1.19.0"), machine.registry.reference("dapr/dapr", "1.19.0"))
    assert machine.details() == files
    assert machine.ids() == ids


def killed(machine: Home, gate: Gate) -> None:
    """Ends an upgrade just after it has started the first new container."""
    process = machine.held(gate, "upgrade", "--runtime-version", NEWEST)
    process.process.kill()
    process.wait()
    gate.open()


def test_a_killed_upgrade_can_be_done_again(machine: Home, at_start: Gate):
    installed(machine)
    killed(machine, at_start)
    ok(upgrade(machine))
    is_upgraded(machine)
    machine.uninstall("--all")
    machine.clean()


def test_a_killed_upgrade_can_be_uninstalled(machine: Home, at_start: Gate):
    installed(machine)
    killed(machine, at_start)
    machine.uninstall("--all")
    machine.clean()


def test_an_init_of_another_version_points_to_upgrade(machine: Home):
    installed(machine)
    files, ids = machine.details(), machine.ids()
    result = machine.try_init()
    failed(result)
    assert "dapr upgrade" in result.stderr
    assert machine.details() == files and machine.ids() == ids


def test_an_upgrade_of_nothing(machine: Home):
    result = upgrade(machine)
    failed(result)
    assert "dapr init" in result.stderr
    machine.clean()
