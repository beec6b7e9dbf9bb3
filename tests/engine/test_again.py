"""`dapr init` on a machine that has been set up before: it repairs what is missing and changes nothing else."""

from collections.abc import Callable

import pytest

from home import ALL, NEWEST, Home, redis

MINE = "# mine\n"


@pytest.mark.on_both
def test_a_second_init_changes_nothing(machine: Home):
    machine.init()
    files, ids = machine.details(), machine.ids()
    machine.releases.requests.clear()

    machine.init()
    assert machine.details() == files
    assert machine.ids() == ids
    assert machine.releases.asked_for() == []


def without_zipkin(machine: Home) -> None:
    machine.engine.remove("dapr_zipkin")


def without_pubsub(machine: Home) -> None:
    (machine.installed / "components" / "pubsub.yaml").unlink()


def with_redis_stopped(machine: Home) -> None:
    machine.engine.stop("dapr_redis")


def without_daprd(machine: Home) -> None:
    (machine.installed / "bin" / "daprd").unlink()


def without_much(machine: Home) -> None:
    for name in ("dapr_placement", "dapr_scheduler"):
        machine.engine.remove(name)
    (machine.installed / "config.yaml").unlink()
    without_daprd(machine)


@pytest.mark.parametrize(
    ("damage", "containers", "files"),
    [
        (without_zipkin, {"dapr_zipkin"}, set()),
        (without_pubsub, set(), {".dapr/components/pubsub.yaml"}),
        (with_redis_stopped, {"dapr_redis"}, set()),
        (without_daprd, set(), {".dapr/bin/daprd"}),
        (without_much, {"dapr_placement", "dapr_scheduler"}, {".dapr/config.yaml", ".dapr/bin/daprd"}),
    ],
)
def test_just_the_damage_is_repaired(
    machine: Home, damage: Callable[[Home], None], containers: set[str], files: set[str]
):
    machine.init()
    before, details, ids = machine.tree(), machine.details(), machine.ids()
    damage(machine)

    machine.init()
    assert machine.engine.running() == ALL
    assert machine.tree() == before
    again = machine.details()
    assert {name for name in details if again[name] != details[name]} == files
    now = machine.ids()
    assert {name for name in ids if now[name] != ids[name]} == containers


def test_a_stopped_redis_keeps_what_it_has(machine: Home):
    machine.init()
    redis(machine.state_address(), "SET", "kept", "yes")
    machine.engine.stop("dapr_redis")
    machine.init()
    assert redis(machine.state_address(), "GET", "kept") == "yes"


def test_files_of_the_user_are_kept(machine: Home):
    machine.init()
    mine = [machine.installed / "config.yaml", machine.installed / "components" / "statestore.yaml"]
    for file in mine:
        file.write_text(MINE + file.read_text())
    (machine.installed / "components" / "other.yaml").write_text(MINE)
    before = machine.details()

    without_zipkin(machine)
    machine.init()
    assert machine.details() == before
    machine.uninstall()
    machine.init()
    for file in [*mine, machine.installed / "components" / "other.yaml"]:
        assert file.read_text().startswith(MINE), file


def test_nothing_is_downloaded_twice(machine: Home):
    machine.init()
    [first] = machine.releases.asked_for()
    assert first.status == 200
    machine.uninstall()
    machine.releases.requests.clear()

    machine.init()
    assert machine.releases.asked_for() == []
    assert (machine.installed / "bin" / "daprd").read_bytes() == machine.releases.program("daprd", NEWEST)


def test_what_is_broken_in_the_cache_is_downloaded_again(machine: Home):
    machine.init()
    machine.uninstall()
    cached = [file for file in (machine.installed / "cache").rglob("*") if file.is_file()]
    assert cached
    for file in cached:
        file.write_bytes(b"broken")

    machine.init()
    assert (machine.installed / "bin" / "daprd").read_bytes() == machine.releases.program("daprd", NEWEST)


def test_containers_are_found_without_any_file(machine: Home):
    """Somebody has removed `.dapr`, but not what belongs to it."""
    machine.init()
    files, ids = machine.tree(), machine.ids()
    remove(machine)

    machine.init()
    assert machine.tree() == files
    assert machine.ids() == ids
    remove(machine)
    machine.uninstall("--all")
    machine.clean()


def remove(machine: Home) -> None:
    for path in sorted(machine.installed.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    machine.installed.rmdir()
