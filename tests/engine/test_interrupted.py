"""`dapr init` that is killed or interrupted: the next one succeeds, and an interrupted one leaves nothing half-made."""

import os
import random
import signal
import subprocess
import time

import pytest

from gate import Gate
from home import ALL, Home, write
from support import Process, until

ROUNDS = 20


def end_within(process: Process, seconds: float) -> bool:
    try:
        process.process.wait(seconds)
        return True
    except subprocess.TimeoutExpired:
        return False


def test_killed_at_random_moments(machine: Home):
    """The seed is printed; DAPR_TEST_SEED repeats one."""
    seed = int(os.environ.get("DAPR_TEST_SEED") or random.randrange(1 << 32))
    print(f"DAPR_TEST_SEED={seed}")
    moments = random.Random(seed)
    machine.init()
    machine.uninstall("--all")
    started = time.monotonic()
    machine.init()
    took, complete = time.monotonic() - started, machine.whole()
    machine.uninstall("--all")

    for number in range(ROUNDS):
        moment = moments.uniform(0, took)
        killed = machine.start_init()
        if not end_within(killed, moment):
            killed.process.kill()
        killed.wait()
        what = f"round {number}: killed after {moment:.3f} of {took:.3f} s"
        result = machine.try_init()
        assert result.returncode == 0, f"{what}\n{result.stdout}{result.stderr}"
        assert machine.engine.running() == machine.engine.names() == ALL, what
        assert machine.whole() == complete, what
        machine.uninstall("--all")
        machine.clean()


def test_killed_between_containers(machine: Home, at_start: Gate):
    machine.init()
    complete = machine.whole()
    machine.uninstall("--all")
    killed = machine.init_held(at_start)
    killed.process.kill()
    killed.wait()
    at_start.open()

    machine.init()
    assert machine.engine.running() == machine.engine.names() == ALL
    assert machine.whole() == complete
    machine.uninstall("--all")
    machine.clean()


def test_killed_and_given_up(machine: Home, at_start: Gate):
    """Nobody inits again: `uninstall --all` finds what the killed one has left."""
    killed = machine.init_held(at_start)
    killed.process.kill()
    killed.wait()
    at_start.open()
    until(lambda: machine.engine.running(), "the container that was being started runs")
    machine.uninstall("--all")
    machine.clean()


@pytest.mark.parametrize("used", [False, True])
def test_interrupted_while_it_downloads(machine: Home, used: bool):
    if used:
        write(machine.installed / "components", {"other.yaml": "# mine\n"})
    files = machine.details()
    machine.releases.fault(slow=True)
    process = machine.start_init()
    until(lambda: process.ended() or machine.releases.asked_for(), "the download has begun")
    interrupted(machine, process, files)


@pytest.mark.parametrize("used", [False, True])
def test_interrupted_while_containers_start(machine: Home, at_start: Gate, used: bool):
    if used:
        write(machine.installed / "components", {"other.yaml": "# mine\n"})
    files = machine.details()
    process = machine.init_held(at_start)
    assert machine.engine.names()
    interrupted(machine, process, files, at_start)


def test_interrupted_while_it_repairs(machine: Home, at_start: Gate):
    """What was there before stays there."""
    machine.init()
    machine.engine.remove("dapr_zipkin")
    files, ids = machine.details(), machine.ids()
    process = machine.init_held(at_start)
    process.process.send_signal(signal.SIGINT)
    at_start.open()
    assert process.wait() == 130
    assert machine.details() == files
    assert machine.ids() == ids


def interrupted(machine: Home, process: Process, files: dict, gate: Gate | None = None) -> None:
    process.process.send_signal(signal.SIGINT)
    if gate is not None:
        gate.open()
    assert process.wait() == 130, process.output
    assert machine.details() == files
    machine.nothing_made()
    machine.nothing_left()


def test_two_at_once(machine: Home):
    """One of them does the work; the other one waits for it, or says that it does not."""
    both = [machine.start_init(), machine.start_init()]
    codes = sorted(process.wait(60) for process in both)
    assert codes in ([0, 0], [0, 1]), [process.output for process in both]
    assert machine.engine.running() == machine.engine.names() == ALL
    machine.uninstall("--all")
    machine.clean()
