"""No event that was acknowledged to its publisher is lost, whoever dies; the order per topic is kept."""

import os
import signal
from pathlib import Path

import pytest

from support import Machine, Run, first_deliveries, seen, until

COUNT = 200


def publisher(machine: Machine) -> Run:
    return machine.run("publisher", "sleep", "600").up()


def subscriber(machine: Machine, notes: Path, pause: float = 0) -> Run:
    return machine.serve("subscriber", "subscriber", SEEN=str(notes), PAUSE=str(pause))


def test_events_wait_for_a_subscriber_that_was_never_there(machine: Machine, tmp_path: Path) -> None:
    notes = tmp_path / "seen"
    source = publisher(machine)
    for n in range(COUNT):
        source.publish("numbers", {"n": n})
    subscriber(machine, notes).up()
    until(lambda: len(seen(notes)) >= COUNT, "all events arrive")
    assert seen(notes) == list(range(COUNT))


def test_events_wait_for_a_subscriber_that_is_down(machine: Machine, tmp_path: Path) -> None:
    notes = tmp_path / "seen"
    source = publisher(machine)
    first = subscriber(machine, notes).up()
    source.publish("numbers", {"n": 0})
    until(lambda: seen(notes) == [0], "the subscriber works")
    first.stop()
    for n in range(1, COUNT + 1):
        source.publish("numbers", {"n": n})
    assert seen(notes) == [0]
    subscriber(machine, notes).up()
    until(lambda: len(seen(notes)) > COUNT, "all events arrive")
    assert seen(notes) == list(range(COUNT + 1))


@pytest.mark.parametrize("victim", ["the whole run", "only the app", "only the sidecar"])
def test_events_outlive_a_kill_in_the_middle(machine: Machine, tmp_path: Path, victim: str) -> None:
    notes = tmp_path / "seen"
    source = publisher(machine)
    target = subscriber(machine, notes, pause=0.005).up()
    row = target.row()
    pid = {"the whole run": target.pid, "only the app": row["appPid"], "only the sidecar": row["daprdPid"]}[victim]
    for n in range(COUNT):
        source.publish("numbers", {"n": n})
        if n == COUNT // 2:
            until(lambda: len(seen(notes)) >= 20, "some are handled")
            os.kill(pid, signal.SIGKILL)
    code = target.wait()
    assert code == {"the whole run": -9, "only the app": 128 + 9, "only the sidecar": 1}[victim]
    assert len(set(seen(notes))) < COUNT, "it was killed in the middle"

    subscriber(machine, notes).up()
    until(lambda: len(set(seen(notes))) == COUNT, "every event arrives at least once")
    assert first_deliveries(seen(notes)) == list(range(COUNT))


def test_two_instances_of_one_app_share_its_work(machine: Machine, tmp_path: Path) -> None:
    notes = [tmp_path / "one", tmp_path / "two"]
    source = publisher(machine)
    pair = [subscriber(machine, file, pause=0.005).up() for file in notes]
    assert [row["appId"] for row in machine.listed()].count("subscriber") == 2

    for n in range(COUNT):
        source.publish("numbers", {"n": n})
    until(lambda: sum(len(seen(file)) for file in notes) >= COUNT, "all events arrive")
    one, two = (seen(file) for file in notes)
    assert sorted(one + two) == list(range(COUNT)), "each event goes to one of them"
    assert one and two, "both take part"

    pids = {source.invoke("GET", "health", app_id="subscriber").json()["pid"] for _ in range(40)}
    assert pids == {run.row()["appPid"] for run in pair}, "invocations are spread over both"

    result = machine.dapr("stop", "--app-id", "subscriber")
    assert result.returncode == 0, result.stderr
    for run in pair:
        assert run.wait() in (0, 143)
    source.stop()
    machine.nothing_left()


def test_state_outlives_a_kill_of_the_sidecar(machine: Machine) -> None:
    run = machine.run("keeper", "sleep", "600").up()
    for n in range(50):
        run.save(f"key-{n}", {"n": n})
    os.kill(run.row()["daprdPid"], signal.SIGKILL)
    assert run.wait() == 1, "a run whose sidecar died has failed"
    machine.nothing_left()
    again = machine.run("keeper", "sleep", "600").up()
    assert [again.state(f"key-{n}") for n in range(50)] == [{"n": n} for n in range(50)]
