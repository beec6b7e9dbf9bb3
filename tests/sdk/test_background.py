"""Looking at runs and steering them from another terminal."""

import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path

import psutil
import pytest

from support import DAPR, Machine, free_ports, until
from test_processes import linux_only
from test_run_file import SLEEP, app, sh

# Ends a second after it was asked to, and says so.
SAVES = "trap 'sleep 1; echo saved; exit 0' TERM; echo ready; while :; do sleep 0.05; done"


def test_logs_of_a_running_app_and_of_one_that_has_ended(machine: Machine) -> None:
    run = machine.run("talker", *sh("echo one; echo two; echo three; sleep 600")).up()
    until(lambda: "three" in run.out, "the app has spoken")
    shown = machine.dapr("logs", "-a", "talker", "--app", "--tail", "2")
    assert (shown.returncode, shown.stdout) == (0, "two\nthree\n")
    # Those of everything on the machine, which may be more than this test runs.
    both = machine.dapr("logs")
    assert re.search(r"^talker app +\| one$", both.stdout, re.MULTILINE)
    assert re.search(r"^talker daprd +\| time=", both.stdout, re.MULTILINE)
    run.stop()
    assert machine.dapr("logs", "-a", "talker", "--app").stdout == "one\ntwo\nthree\n"


def test_following_ends_with_the_run_and_misses_nothing(machine: Machine) -> None:
    count = 20_000
    go = machine.home / "go"
    script = f"while [ ! -e {go} ]; do sleep 0.01; done; seq {count}; printf 'no newline'"
    run = machine.run("counter", *sh(script)).up()
    with subprocess.Popen(
        [DAPR, "logs", "-a", "counter", "--app", "--follow"], env=machine.env, stdout=subprocess.PIPE
    ) as follower:
        go.touch()
        out, _ = follower.communicate(timeout=60)
    assert follower.returncode == 0
    assert out.decode().split("\n") == [*map(str, range(1, count + 1)), "no newline", ""]
    assert run.wait() == 0


def follow(machine: Machine, *args: str) -> subprocess.Popen:
    return subprocess.Popen([DAPR, "logs", "--follow", *args], env=machine.env, stdout=subprocess.PIPE)


def test_following_goes_over_any_number_of_rotations(machine: Machine) -> None:
    count = 20_000
    go = machine.home / "go"
    script = f"while [ ! -e {go} ]; do sleep 0.01; done; seq {count}"
    run = machine.run("counter", *sh(script), DAPR_LOG_SIZE="8Ki", DAPR_LOG_FILES="100").up()
    with follow(machine, "-a", "counter", "--app") as follower:
        go.touch()
        out, _ = follower.communicate(timeout=60)
    assert out.decode().split() == [*map(str, range(1, count + 1))]
    assert run.wait() == 0


def test_following_hears_the_last_words_of_an_app_that_lost_its_sidecar(machine: Machine) -> None:
    run = machine.run("talker", *sh(SAVES)).up()
    with follow(machine, "-a", "talker", "--app") as follower:
        assert follower.stdout.readline() == b"ready\n"
        os.kill(run.row()["daprdPid"], signal.SIGKILL)
        out, _ = follower.communicate(timeout=30)
    assert out.endswith(b"saved\n")
    assert follower.returncode == 0
    run.wait()


def test_following_one_app_ends_before_the_run_does(machine: Machine) -> None:
    run = machine.run_file(app("one", sh(SAVES)), app("two", SLEEP)).up()
    with follow(machine, "-a", "one", "--app") as follower:
        assert b"ready" in follower.stdout.readline()
        assert machine.dapr("stop", "one").returncode == 0
        out, _ = follower.communicate(timeout=30)
    assert b"== saved\n" in out
    assert [row["appId"] for row in machine.listed()] == ["two"]
    assert not run.ended()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_following_well(machine: Machine, number: signal.Signals) -> None:
    run = machine.run("talker", *sh("echo one; sleep 600")).up()
    with follow(machine, "-a", "talker", "--app") as follower:
        assert follower.stdout.readline() == b"one\n"
        follower.send_signal(number)
        assert follower.wait(20) == 0
    assert not run.ended()


def kept(machine: Machine, name: str) -> Path:
    """A log of an app whose run has ended; to be written by the test."""
    directory = machine.home / ".dapr" / "logs" / name
    directory.mkdir(parents=True)
    log = directory / "app_1.log"
    last = {"appId": name, "appLogPath": str(log), "created": "2026-01-01T00:00:00Z"}
    (directory / "last.json").write_text(json.dumps(last))
    return log


def test_the_end_of_a_large_log_is_shown_at_once(machine: Machine) -> None:
    log = kept(machine, "large")
    count = 600_000
    with log.open("w") as file, (log.parent / f".{log.name}.times").open("w") as times:
        for n in range(count):
            file.write(f"{n:011}\n")
            times.write(f"{n * 12} {1_700_000_000_000 + n * 100}\n")
        file.write("tail\n" * 300)
    started = time.monotonic()
    assert machine.dapr("logs", "-a", "large", "--tail", "200").stdout == "tail\n" * 200
    since = machine.dapr("logs", "-a", "large", "--since", "2023-11-15T14:53:19Z", "-t").stdout.splitlines()
    assert since[0] == "2023-11-15T14:53:18.900Z 00000599989"
    assert len(since) == 11 + 300
    assert time.monotonic() - started < 5


@linux_only
def test_a_line_of_any_length_needs_no_memory(machine: Machine) -> None:
    log = kept(machine, "endless")
    block = b"x" * 1_000_000
    with log.open("wb") as file:
        for _ in range(200):
            file.write(block)
    with subprocess.Popen([DAPR, "logs", "-a", "endless"], env=machine.env, stdout=subprocess.PIPE) as shower:
        length = largest = 0
        while part := shower.stdout.read(1_000_000):
            length += len(part)
            largest = max(largest, psutil.Process(shower.pid).memory_info().rss)
    assert (shower.returncode, length) == (0, 200 * len(block) + 1)
    assert largest < 64 << 20


def test_logs_of_a_run_file_with_rotation(machine: Machine) -> None:
    run = machine.run_file(app("many", sh("seq 5000; sleep 600")), DAPR_LOG_SIZE="8Ki", DAPR_LOG_FILES="100").up()
    until(lambda: "== APP - many == 5000\n" in run.out, "all is written")
    files = list((run.directory / "many" / ".dapr" / "logs").glob("many_app_*.log*"))
    assert len(files) > 5
    assert all(file.stat().st_size <= 8192 for file in files)
    lines = machine.dapr("logs", "-a", "many", "--app").stdout.splitlines()
    assert lines == [f"== APP - many == {n}" for n in range(1, 5001)]
    run.process.send_signal(signal.SIGINT)
    assert run.wait() == 0


def test_logs_may_be_kept_elsewhere(machine: Machine) -> None:
    logs = machine.home / "elsewhere"
    machine.run("single", *sh("echo one; sleep 600"), DAPR_LOG_DIR=str(logs)).up()
    until(lambda: [file.read_text() for file in logs.glob("single/app_*.log")] == ["one\n"], "its log is there")
    run = machine.run_file(app("many", sh("echo two; sleep 600")), DAPR_LOG_DIR=str(logs)).up()
    until(lambda: [file.read_text() for file in logs.glob("many_app_*.log")] == ["== APP - many == two\n"], "its log")
    assert not (run.directory / "many" / ".dapr").exists()
    assert machine.dapr("logs", "-a", "many", "--app").stdout == "== APP - many == two\n"


def test_restart_keeps_the_sidecar(machine: Machine) -> None:
    run = machine.run("single", *SLEEP).up()
    before = run.row()
    result = machine.dapr("restart", "-a", "single")
    assert (result.returncode, result.stdout) == (0, "✅  app restarted successfully: single\n"), result.stderr
    after = run.row()
    assert after["daprdPid"] == before["daprdPid"]
    assert after["appPid"] != before["appPid"]
    assert not psutil.pid_exists(before["appPid"])
    run.stop()
    machine.nothing_left()


def test_one_app_of_a_run_file_is_restarted_and_stopped(machine: Machine) -> None:
    run = machine.run_file(app("one", SLEEP, restart="always"), app("two", SLEEP)).up()
    before = {name: run.row(name) for name in ("one", "two")}
    assert machine.dapr("restart", "one").returncode == 0
    assert run.row("one")["appPid"] != before["one"]["appPid"]
    assert run.row("two")["appPid"] == before["two"]["appPid"]
    stopped = machine.dapr("stop", "-a", "one")
    assert stopped.returncode == 0, stopped.stderr
    assert [row["appId"] for row in machine.listed()] == ["two"], "its restart policy does not bring it back"
    assert machine.dapr("stop", "-a", "two").returncode == 0
    assert run.wait() == 0
    machine.nothing_left()


def test_waiting_for_a_probe_and_for_the_end(machine: Machine) -> None:
    ready = machine.home / "ready"
    run = machine.run_file(
        app("slow", sh(f"while [ ! -e {machine.home}/end ]; do sleep 0.02; done"),
            readiness={"command": ["test", "-e", str(ready)], "interval": "20ms"}),
    ).up()
    late = machine.dapr("wait", "-a", "slow", "--for", "healthy", "--timeout", "200ms")
    assert (late.returncode, late.stderr) == (1, "❌  after 200ms: slow is not ready\n")
    ready.touch()
    assert machine.dapr("wait", "-a", "slow", "--for", "healthy").returncode == 0
    with subprocess.Popen([DAPR, "wait", "-a", "slow", "--for", "exited"], env=machine.env) as waiter:
        (machine.home / "end").touch()
        assert waiter.wait(30) == 0
    assert run.wait() == 0


def test_stop_all(machine: Machine) -> None:
    runs = [machine.run("a", *SLEEP).up(), machine.run("b", *SLEEP).up()]
    # Everything on the machine would be stopped: what others run here has to be left alone.
    if len(machine.dapr("list", "-o", "json").stdout.split('"appId"')) - 1 == 2:
        assert machine.dapr("stop", "--all").returncode == 0
    else:
        assert machine.dapr("stop", "a", "b").returncode == 0
    assert [run.wait() for run in runs] == [0, 0]
    machine.nothing_left()


def test_an_ended_run_leaves_no_socket(machine: Machine) -> None:
    run = machine.run("a", *SLEEP).up()
    directory = Path(machine.home) / ".dapr" / "run"
    assert [path.name for path in directory.glob("*.sock")] == [f"{run.pid}.sock"]
    run.stop()
    assert list(directory.iterdir()) == []
    # One that was killed leaves its socket; the next run takes it away.
    run = machine.run("a", *SLEEP).up()
    os.kill(run.pid, signal.SIGKILL)
    run.wait()
    machine.nothing_left()
    started = time.monotonic()
    machine.run("a", *SLEEP).up().stop()
    assert list(directory.iterdir()) == []
    assert time.monotonic() - started < 30


@pytest.mark.parametrize("way", [["-f", "system"], ["one", "two", "three"], ["--app-id", "two", "one", "three"]])
def test_a_whole_run_is_stopped_and_every_app_has_its_time(machine: Machine, way: list[str]) -> None:
    run = machine.run_file(*(app(name, sh(SAVES)) for name in ("one", "two", "three"))).up()
    for name in run.apps:
        until(lambda: b"ready" in run.log(name), f"{name} is ready")
    stopped = machine.dapr("stop", *way)
    assert stopped.returncode == 0, stopped.stderr
    assert run.wait() == 0
    assert [name for name in run.apps if b"== saved" not in run.log(name)] == []
    machine.nothing_left()


def test_stopping_what_is_listed_leaves_an_app_that_lost_its_sidecar(machine: Machine) -> None:
    run = machine.run_file(app("one", SLEEP), app("two", SLEEP), app("lost", SLEEP)).up()
    lost = run.row("lost")
    os.kill(lost["daprdPid"], signal.SIGKILL)
    until(lambda: len(machine.listed()) == 2, "it is not listed any more")
    assert machine.dapr("stop", "one", "two").returncode == 0
    assert machine.listed() == []
    assert psutil.pid_exists(lost["appPid"]) and not run.ended(), "the run knows best what it still has"
    run.process.send_signal(signal.SIGTERM)
    assert run.wait() == 1
    machine.nothing_left()
