"""Runs of many apps: what starts when, what is printed, and how it all ends."""

import os
import re
import signal
import subprocess
import sys
import time

import psutil
import pytest

from support import APPS, DAPR, Machine, free_ports, until

SLEEP = ["sleep", "600"]


def sh(script: str) -> list[str]:
    return ["sh", "-c", script]


def app(app_id: str, command: list[str], **keys) -> dict:
    return {"appID": app_id, "command": command} | keys


def order(text: str, *parts: str) -> None:
    """Fails unless the parts stand in the text in this order."""
    at = 0
    for part in parts:
        found = text.find(part, at)
        assert found >= 0, f"{part!r} is missing or too early:\n{text}"
        at = found


def test_the_lines_of_a_run_come_in_the_order_of_the_file(machine: Machine) -> None:
    run = machine.run_file(*(app(f"app-{n}", sh(f"echo I am {n}; sleep 600")) for n in range(5))).up()
    lines = [line for line in run.out.splitlines() if line.startswith("ℹ️")]
    expected = []
    for n in range(5):
        expected += [
            f'ℹ️  Validating config and starting app "app-{n}"',
            f'ℹ️  Started Dapr with app id "app-{n}". HTTP Port: # gRPC Port: #',
            f"ℹ️  Writing log files to directory : {run.directory}/app-{n}/.dapr/logs",
        ]
    first = [line for line in lines if not line.startswith("ℹ️  First run")]
    assert [re.sub(r"Port: \d+\.?", "Port: #", line) for line in first] == expected
    for n in range(5):
        until(lambda: f"== APP - app-{n} == I am {n}\n" in run.out, "the app's line is on the console")
        assert f"== APP - app-{n} == I am {n}\n".encode() in run.log(f"app-{n}"), "and in its file"
        assert b"dapr initialized" in run.log(f"app-{n}", "daprd")
    assert "dapr initialized" not in run.out, "a sidecar's log goes into its file"

    run.process.send_signal(signal.SIGINT)
    assert run.wait() == 0
    order(run.out, "Received signal to stop Dapr and app processes.", "termination signal received: shutting down")
    assert run.log("app-0").rstrip().endswith(b"shutting down")
    machine.nothing_left()


def test_apps_wait_for_what_they_depend_on(machine: Machine) -> None:
    [port] = free_ports(1)
    serve = f"import http.server as h; h.HTTPServer(('127.0.0.1', {port}), h.SimpleHTTPRequestHandler).serve_forever()"
    run = machine.run_file(
        app("last", sh("echo last; sleep 600"), dependsOn={"web": "healthy", "job": "completed"}),
        app("web", [sys.executable, "-c", f"import time; time.sleep(0.5); {serve}"],
            readiness={"http": {"path": "/", "port": port}, "interval": "50ms"}),
        app("job", sh("sleep 0.3; echo job done"), dependsOn=["web"]),
    ).up()
    until(lambda: "== APP - last == last" in run.out, "the last one runs")
    order(run.out, 'starting app "web"', 'starting app "job"', "== APP - job == job done", 'starting app "last"')
    run.process.send_signal(signal.SIGTERM)
    assert run.wait() == 0
    machine.nothing_left()


def test_what_depends_on_a_failure_is_not_started(machine: Machine) -> None:
    run = machine.run_file(
        app("job", sh("echo no luck; exit 3")),
        app("after", SLEEP, dependsOn={"job": "completed"}),
    )
    assert run.wait() == 3
    assert 'App "job" failed: exit status 3' in run.err
    assert 'App "after" was not started: it depends on "job" being completed, but: exit status 3' in run.err
    machine.nothing_left()


@pytest.mark.parametrize(
    ("scripts", "code"),
    [
        (["exit 0", "exit 0"], 0),
        (["exit 0", "exit 7"], 7),
        (["exit 5", "exit 7"], 5),
        (["exit 0", "kill -KILL $$"], 128 + 9),
    ],
)
def test_a_run_ends_with_its_last_app(machine: Machine, scripts: list[str], code: int) -> None:
    run = machine.run_file(*(app(f"app-{n}", sh(script)) for n, script in enumerate(scripts)))
    assert run.wait() == code, "the first code, in the order of the file, that is not 0"
    machine.nothing_left()


def test_a_failure_is_shown_with_the_last_lines_of_its_log(machine: Machine) -> None:
    script = sh("for n in $(seq 30); do echo line $n; done; exit 3")
    run = machine.run_file(app("quiet", script, appLogDestination="file"), app("other", SLEEP)).up("other")
    until(lambda: "line 30" in run.err, "the failure is shown")
    assert 'App "quiet" failed: exit status 3\n    line 21\n' in run.err
    assert "line 20\n" not in run.err
    assert not run.ended(), "the others go on"
    run.process.send_signal(signal.SIGINT)
    assert run.wait() == 3


def test_on_failure_stop(machine: Machine) -> None:
    run = machine.run_file(app("bad", sh("sleep 0.3; exit 6")), app("other", SLEEP), args=["--on-failure", "stop"])
    assert run.wait() == 6
    machine.nothing_left()


def test_a_sidecar_that_cannot_start_stops_the_run(machine: Machine) -> None:
    resources = machine.home / "resources"
    resources.mkdir()
    (resources / "bad.yaml").write_text(
        "apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata: {name: bad}\nspec: {type: state.nosuch, version: v1}\n"
    )
    run = machine.run_file(app("good", SLEEP), app("bad", SLEEP, resourcesPath=str(resources)))
    assert run.wait() == 1
    [line] = [line for line in run.failures() if "Error starting Dapr and app" in line]
    assert 'Error starting Dapr and app ("bad")' in line
    assert "state.nosuch" in line and "bad.yaml" in line
    machine.nothing_left()


def test_nothing_is_started_when_a_port_is_taken(machine: Machine) -> None:
    [port] = free_ports(1)
    run = machine.run_file(app("one", SLEEP, daprHTTPPort=port), app("two", SLEEP, daprHTTPPort=port))
    assert run.wait() == 1
    assert f"Port {port} is not available" in run.err
    assert "Started Dapr" not in run.out
    machine.nothing_left()


def test_an_app_is_restarted_when_it_fails(machine: Machine) -> None:
    count = machine.home / "count"
    script = sh(f"echo x >> {count}; [ $(wc -l < {count}) -ge 3 ] && sleep 600; exit 1")
    run = machine.run_file(app("flaky", script, restart={"policy": "on-failure", "backoff": "10ms"})).up()
    until(lambda: count.read_text() == "x\nx\nx\n", "the third try")
    order(run.out, "(restart 1)", "(restart 2)")
    pid = run.row("flaky")["appPid"]
    assert psutil.pid_exists(pid)
    run.process.send_signal(signal.SIGINT)
    assert run.wait() == 0
    machine.nothing_left()


def test_restarts_have_a_limit(machine: Machine) -> None:
    restart = {"policy": "on-failure", "backoff": "5ms", "maxRetries": 2}
    run = machine.run_file(app("hopeless", sh("exit 9"), restart=restart))
    assert run.wait() == 9
    assert run.out.count("Restarting app") == 2


def test_a_changed_file_restarts_the_app_and_keeps_its_sidecar(machine: Machine) -> None:
    run = machine.run_file(app("watched", sh("cat main.txt; sleep 600"), watch={"ignore": ["*.tmp"]}))
    main = run.directory / "watched" / "main.txt"
    main.write_text("one\n")
    run.up()
    until(lambda: "== APP - watched == one" in run.out or "has changed" in run.out, "the app reads its file")
    before = run.row("watched")
    (run.directory / "watched" / "other.tmp").write_text("of no interest")
    main.write_text("two\n")
    until(lambda: "== APP - watched == two" in run.out, "the app reads it again")
    after = run.row("watched")
    assert "main.txt has changed" in run.out
    assert "other.tmp" not in run.out
    assert after["appPid"] != before["appPid"]
    assert after["daprdPid"] == before["daprdPid"]
    run.process.send_signal(signal.SIGINT)
    assert run.wait() == 0


def test_invocation_between_the_apps_of_a_run(machine: Machine) -> None:
    one, two = free_ports(2)
    serve = ["uvicorn", "mainapp:app", "--log-level", "warning", "--port"]
    run = machine.run_file(
        app("one", [*serve, str(one)], appPort=one), app("two", [*serve, str(two)], appPort=two)
    ).up()
    port = run.row("one")["httpPort"]

    def answer() -> dict | None:
        response = machine.http.get(f"http://127.0.0.1:{port}/v1.0/invoke/two/method/environment")
        return response.json() if response.is_success else None
    environment = until(answer, "the other app answers")
    assert environment["APP_ID"] == "two"
    assert environment["APP_CHANNEL_ADDRESS"] == "", "as the stock command line has it"
    rows = machine.listed()
    assert {row["runTemplatePath"] for row in rows} == {str(run.directory / "dapr.yaml")}
    assert len({row["cliPid"] for row in rows}) == 1
    run.process.send_signal(signal.SIGTERM)
    assert run.wait() == 0
    machine.nothing_left()


def test_every_line_of_fast_apps_arrives_in_order(machine: Machine) -> None:
    count = 100_000
    write = f"import sys; sys.stdout.write(''.join(f'{{n:079d}}\\n' for n in range({count})))"
    run = machine.run_file(*(app(name, [sys.executable, "-c", write]) for name in ("one", "two")))
    assert run.wait() == 0
    out = run.out_file.read_bytes()
    for name in ("one", "two"):
        expected = [f"== APP - {name} == {n:079d}".encode() for n in range(count)]
        for text in (out, run.log(name)):
            lines = [line for line in text.split(b"\n") if line.startswith(f"== APP - {name} == ".encode())]
            assert lines == expected


def test_lines_without_end_and_bytes_that_are_no_text_pass(machine: Machine) -> None:
    run = machine.run_file(
        app("long", sh("head -c 50000000 /dev/zero | tr '\\0' z")),
        app("binary", sh("head -c 3000000 /dev/urandom")),
    )
    assert run.wait() == 0
    assert run.log("long").count(b"z") == 50_000_000
    assert run.out_file.read_bytes().count(b"z") >= 50_000_000
    assert len(run.log("binary")) >= 3_000_000


WAYS = ["SIGINT", "SIGTERM", "SIGKILL", "dapr stop"]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can follow what left the group")
@pytest.mark.parametrize("way", WAYS)
def test_nothing_outlives_a_run_of_difficult_apps(machine: Machine, way: str) -> None:
    for _ in range(int(os.environ.get("DAPR_TEST_ROUNDS", "2"))):
        run = machine.run_file(
            app("stubborn", sh("trap '' TERM INT; while :; do sleep 0.1; done")),
            app("forker", [sys.executable, str(APPS / "forker.py")]),
            app("crasher", sh("exit 3")),
            app("plain", SLEEP),
            app("sidecar-only", []),
        ).up()
        until(lambda: "== APP - forker == forked" in run.out, "the app has forked")
        started = time.monotonic()
        if way == "dapr stop":
            result = machine.dapr("stop", "-f", str(run.directory))
            assert result.returncode == 0, result.stderr
        else:
            run.process.send_signal(getattr(signal, way))
        code = run.wait()
        assert time.monotonic() - started < 9, "the grace time and a little more"
        assert code == (-9 if way == "SIGKILL" else 128 + 9), "an app had to be killed"
        machine.nothing_left(3)


def test_a_run_in_the_background(machine: Machine) -> None:
    started = machine.dapr("run", "--detach", "--app-id", "bg", "--", "sh", "-c", "echo hi; sleep 600")
    assert started.returncode == 0, started.stderr
    assert "Running in the background: process" in started.stdout
    [row] = machine.listed()
    assert row["appId"] == "bg"
    assert psutil.Process(row["cliPid"]).parent().pid != os.getpid()
    until(lambda: open(row["appLogPath"]).read() == "hi\n", "its output is kept")
    assert machine.dapr("stop", "-a", "bg").returncode == 0
    machine.nothing_left()

    failed = machine.dapr("run", "--detach", "--app-id", "bg", "--", "no-such-command")
    assert failed.returncode == 1
    assert "Failed to find command no-such-command" in failed.stdout + failed.stderr
    machine.nothing_left()


def test_a_start_in_the_background_that_is_given_up_leaves_nothing(machine: Machine) -> None:
    # It waits for an app that never comes up, since the sidecar waits for the app's port.
    command = [str(DAPR), "run", "--detach", "-f", str(machine.home)]
    text = '{"version": 1, "apps": [{"appID": "a", "appDirPath": ".", "command": ["sleep", "600"]}, ' \
           '{"appID": "b", "appDirPath": ".", "command": ["sleep", "600"], "dependsOn": {"a": "completed"}}]}'
    (machine.home / "dapr.yaml").write_text(text)
    with subprocess.Popen(command, env=machine.env, cwd=machine.home, start_new_session=True) as process:
        until(machine.records, "the first app is up")
        process.kill()
    machine.nothing_left()
