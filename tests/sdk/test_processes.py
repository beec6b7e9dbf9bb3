"""Starts, ends and crashes: what `dapr run` starts never outlives it, and its exit code tells what happened."""

import fcntl
import os
import pty
import select
import signal
import socket
import struct
import sys
import termios
import time
from pathlib import Path

import psutil
import pytest

from support import APPS, DAPR, LIMIT, UP, Machine, free_ports, until

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="only Linux can follow what left the group")


@pytest.mark.parametrize(
    ("script", "code"),
    [("exit 0", 0), ("exit 7", 7), ("kill -TERM $$", 128 + 15), ("kill -KILL $$", 128 + 9)],
)
def test_the_exit_code_is_the_apps(machine: Machine, script: str, code: int) -> None:
    assert machine.run("a", "sh", "-c", script).wait() == code
    machine.nothing_left()


def test_a_sidecar_that_is_shut_down_ends_the_run_well(machine: Machine) -> None:
    run = machine.run("a", "sleep", "600").up()
    assert run.request("POST", "/v1.0/shutdown").status_code == 204
    assert run.wait() == 0, "the app was asked to end, and did"
    machine.nothing_left()


def test_twenty_at_the_same_instant(machine: Machine) -> None:
    runs = [machine.run(f"app-{n}", "sleep", "600") for n in range(20)]
    for run in runs:
        run.up()
    rows = machine.listed()
    assert sorted(row["appId"] for row in rows) == sorted(run.app_id for run in runs)
    ports = [row[key] for row in rows for key in ("httpPort", "grpcPort")]
    assert len(set(ports)) == 40
    assert all(run.request("GET", "/v1.0/healthz").status_code == 204 for run in runs)
    stopped = machine.dapr("stop", *(run.app_id for run in runs))
    assert stopped.returncode == 0, stopped.stderr
    for run in runs:
        run.wait()
    machine.nothing_left()


@linux_only
@pytest.mark.parametrize("way", ["kill -9", "dapr stop", "the app ends", "kill -9 of the sidecar"])
def test_nothing_of_the_app_outlives_its_run(machine: Machine, way: str) -> None:
    run = machine.run("forker", sys.executable, str(APPS / "forker.py")).up()
    until(lambda: "== APP == forked" in run.output, "the app has forked")
    # The app, its child, two in a session of their own, one whose parents are gone; CLI, sidecar, guardian.
    until(lambda: len(machine.processes()) >= 7, "all of them run")
    row = run.row()
    if way == "kill -9":
        os.kill(run.pid, signal.SIGKILL)
    elif way == "dapr stop":
        run.stop()
    elif way == "the app ends":
        os.kill(row["appPid"], signal.SIGKILL)
    else:
        os.kill(row["daprdPid"], signal.SIGKILL)
    run.wait()
    machine.nothing_left()


MOMENTS = {
    "at once": lambda machine, run: True,
    "a first child": lambda machine, run: len(machine.processes()) >= 2,
    "the first line": lambda machine, run: "Starting Dapr" in run.out,
    "the record": lambda machine, run: machine.records(),
    "up": lambda machine, run: UP in run.out,
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_no_moment_of_the_start_is_a_hole(machine: Machine, moment: str) -> None:
    for _ in range(5):
        run = machine.run("early", "sleep", "600")
        until(lambda: MOMENTS[moment](machine, run), moment)
        run.process.kill()
        run.wait()
        machine.nothing_left()


def assert_one_clear_line(machine: Machine, run, *words: str) -> None:
    assert run.wait() == 1, run.output
    [line] = run.failures()
    for word in words:
        assert word in line, run.output
    assert UP not in run.output
    machine.nothing_left()


def test_a_port_in_use(machine: Machine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        run = machine.run("a", "sleep", "600", flags=["--dapr-http-port", port])
        assert_one_clear_line(machine, run, f"invalid configuration for HTTPPort. Port {port} is not available")


def test_a_missing_command(machine: Machine) -> None:
    run = machine.run("a", "no-such-command-here", "--flag")
    assert_one_clear_line(machine, run, "no-such-command-here")


def write_component(directory: Path, kind: str, *metadata: str) -> Path:
    directory.mkdir()
    file = directory / "broken.yaml"
    file.write_text(
        "apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata:\n  name: broken\nspec:\n"
        f"  type: {kind}\n  version: v1\n  metadata: [{', '.join(metadata)}]\n"
    )
    return directory


def test_a_component_of_an_unknown_type(machine: Machine, tmp_path: Path) -> None:
    resources = write_component(tmp_path / "resources", "state.nosuch")
    run = machine.run("a", "sleep", "600", flags=["--resources-path", str(resources)])
    assert_one_clear_line(machine, run, "The sidecar did not start", "state.nosuch", str(resources / "broken.yaml"))


def test_a_component_that_does_not_start(machine: Machine, tmp_path: Path) -> None:
    where = '{name: connectionString, value: "/no/such/directory/x.db"}'
    resources = write_component(tmp_path / "resources", "state.sqlite", where)
    run = machine.run("a", "sleep", "600", flags=["--resources-path", str(resources)])
    assert_one_clear_line(machine, run, "The sidecar did not start", "/no/such/directory", str(resources / "broken.yaml"))


def test_a_component_file_that_is_not_yaml(machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "resources").mkdir()
    (tmp_path / "resources" / "broken.yaml").write_text("kind: [Component\n\tmetadata: }")
    run = machine.run("a", "sleep", "600", flags=["--resources-path", str(tmp_path / "resources")])
    assert_one_clear_line(machine, run, "cannot load", "broken.yaml")


def test_a_resources_path_that_is_not_there(machine: Machine, tmp_path: Path) -> None:
    path = str(tmp_path / "nowhere")
    run = machine.run("a", "sleep", "600", flags=["--resources-path", path])
    assert_one_clear_line(machine, run, path)


def test_wrong_usage_names_the_thing(machine: Machine) -> None:
    for args, word in ((["run", "--no-such-flag"], "--no-such-flag"), (["lst"], "list"), (["invoke"], "app-id")):
        result = machine.dapr(*args)
        assert result.returncode == 2, result
        assert word in result.stderr, result
        assert result.stdout == ""


def test_stopping_what_does_not_run_fails(machine: Machine) -> None:
    machine.run("orders", "sleep", "600").up()
    result = machine.dapr("stop", "--app-id", "ordres")
    assert result.returncode == 1
    assert "couldn't find app id ordres" in result.stderr
    assert "orders" in result.stderr, "says what was probably meant"


def test_a_hung_sidecar_delays_nothing(machine: Machine) -> None:
    hung = machine.run("hung", "sleep", "600").up()
    machine.run("well", "sleep", "600").up()
    daprd = psutil.Process(hung.row()["daprdPid"])
    daprd.suspend()
    try:
        started = time.monotonic()
        rows = machine.listed()
        assert time.monotonic() - started < 1
        assert sorted(row["appId"] for row in rows) == ["hung", "well"]
        assert all(row["command"] == "sleep 600" for row in rows)
        machine.run("another", "sleep", "600").up()
    finally:
        daprd.resume()


def test_a_hung_sidecar_can_be_stopped(machine: Machine) -> None:
    hung = machine.run("hung", "sleep", "600").up()
    psutil.Process(hung.row()["daprdPid"]).suspend()
    hung.stop()
    machine.nothing_left()


def read_until(terminal: int, text: str) -> str:
    """What the terminal shows, until it shows the text."""
    shown = b""
    deadline = time.monotonic() + LIMIT
    while text.encode() not in shown:
        assert time.monotonic() < deadline, shown.decode(errors="replace")
        if select.select([terminal], [], [], 0.1)[0]:
            try:
                shown += os.read(terminal, 65536)
            except OSError:
                break
    return shown.decode(errors="replace")


def in_terminal(machine: Machine, *args: str) -> tuple[int, int]:
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(machine.home)
        os.execve(DAPR, [str(DAPR), *args], machine.env)
    return pid, terminal


def wait_in_terminal(pid: int, terminal: int) -> int:
    """The exit code, while what is still printed is read, since a full terminal would hold the program up."""
    def ended() -> tuple[int] | None:
        if select.select([terminal], [], [], 0)[0]:
            try:
                os.read(terminal, 65536)
            except OSError:
                pass
        done, status = os.waitpid(pid, os.WNOHANG)
        return (os.waitstatus_to_exitcode(status),) if done else None
    try:
        return until(ended, "the run ends", 20)[0]
    finally:
        os.close(terminal)


def test_ctrl_c_in_a_terminal_ends_everything(machine: Machine) -> None:
    [port] = free_ports(1)
    serve = ["uvicorn", "mainapp:app", "--port", str(port)]
    pid, terminal = in_terminal(machine, "run", "--app-id", "a", "--app-port", str(port), "--", *serve)
    shown = read_until(terminal, "Uvicorn running on")
    if UP not in shown:
        read_until(terminal, UP)
    os.write(terminal, b"\x03")
    assert wait_in_terminal(pid, terminal) in (0, 130)
    machine.nothing_left()


def test_ctrl_c_during_the_start_ends_everything(machine: Machine) -> None:
    pid, terminal = in_terminal(machine, "run", "--app-id", "a", "--", "sleep", "600")
    read_until(terminal, "Starting Dapr")
    os.write(terminal, b"\x03")
    assert wait_in_terminal(pid, terminal) in (0, 130)
    machine.nothing_left()


def test_a_second_ctrl_c_kills_at_once(machine: Machine) -> None:
    script = 'trap "echo no" INT TERM; echo ready; while :; do sleep 600; done'
    pid, terminal = in_terminal(machine, "run", "--app-id", "a", "--", "sh", "-c", script)
    shown = read_until(terminal, "ready")
    if UP not in shown:
        read_until(terminal, UP)
    os.write(terminal, b"\x03")
    read_until(terminal, "no")
    started = time.monotonic()
    os.write(terminal, b"\x03")
    assert wait_in_terminal(pid, terminal) == 128 + 9
    assert time.monotonic() - started < 3, "without waiting for the end of the grace period"
    machine.nothing_left()


def test_stdin_reaches_the_app_in_a_terminal(machine: Machine) -> None:
    pid, terminal = in_terminal(machine, "run", "--app-id", "a", "--", "sh", "-c", 'read line; echo "got <$line>"')
    read_until(terminal, UP)
    os.write(terminal, b"hello\n")
    read_until(terminal, "got <hello>")
    assert wait_in_terminal(pid, terminal) == 0
    machine.nothing_left()


def test_a_prompt_is_shown_before_its_line_ends(machine: Machine) -> None:
    script = 'printf "name? "; read name; echo "hello $name"'
    pid, terminal = in_terminal(machine, "run", "--app-id", "a", "--", "sh", "-c", script)
    read_until(terminal, "== APP == name? ")
    os.write(terminal, b"Ada\n")
    read_until(terminal, "hello Ada")
    assert wait_in_terminal(pid, terminal) == 0
    machine.nothing_left()


def test_the_app_learns_of_a_new_terminal_size(machine: Machine) -> None:
    script = 'trap "stty size" WINCH; stty size; while :; do sleep 0.05; done'
    pid, terminal = in_terminal(machine, "run", "--app-id", "a", "--", "sh", "-c", script)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 120, 0, 0))
    read_until(terminal, "== APP == 33 110")
    os.write(terminal, b"\x03")
    wait_in_terminal(pid, terminal)
    machine.nothing_left()
