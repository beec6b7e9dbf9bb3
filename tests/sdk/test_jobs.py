"""Jobs as the tutorial has them: an app schedules with its sidecar by HTTP and gets its jobs back, over restarts,
crashes and several instances. The app is that of `examples/scheduler`; so is the proof of how often a job ran."""

import json
import signal
import sys
import time
from datetime import datetime, timezone
from pathlib import Path

import psutil
import pytest

from support import ROOT, Machine, Run, until

EXAMPLE = ROOT / "examples" / "scheduler"
sys.path.insert(0, str(EXAMPLE))

import proof  # noqa: E402

APP = "scheduler-test-py"
DATA = {"message": "Hello from Python Job!"}


def serve(machine: Machine, received: Path) -> Run:
    """The app; what it receives is in the file."""
    return machine.serve(APP, "backups", PYTHONPATH=str(EXAMPLE), RECEIVED=str(received))


def count(received: Path, name: str = "JJ") -> int:
    return sum(run["job"] == name for run in proof.received(str(received)))


def schedule(app: Run, version: str = "v1.0", name: str = "JJ", **job: object) -> float:
    """Schedules a job; its clock has not begun before the time that is returned."""
    before = time.time()
    response = app.request("POST", f"/{version}/jobs/{name}", json={"data": DATA} | job)
    assert (response.status_code, response.text) == (204, "")
    return before


def listed(machine: Machine) -> dict[str, dict]:
    """`dapr scheduler list`, by name; without a job it says so and gives no list."""
    result = machine.dapr("scheduler", "list", "-o", "json")
    assert result.returncode == 0, result.stderr
    return {job["name"]: job for job in json.loads(result.stdout or "[]")}


def once_per_tick(received: Path, began: float, every: int, times: int) -> None:
    start = datetime.fromtimestamp(began, timezone.utc).isoformat()
    wrong = proof.fired(str(received), "JJ", start, str(every), str(times))
    assert wrong is None, wrong


def kill(run: Run) -> None:
    """`kill -9` of everything that belongs to the run, at once."""
    row = run.row()
    for pid in (row["cliPid"], row["daprdPid"], row["appPid"]):
        psutil.Process(pid).kill()
    assert run.wait() == -signal.SIGKILL


@pytest.mark.parametrize("version", ["v1.0-alpha1", "v1.0"])
def test_the_tutorial(machine: Machine, tmp_path: Path, version: str) -> None:
    received = tmp_path / "received"
    app = serve(machine, received).up()
    path = f"/{version}/jobs/JJ"
    began = schedule(app, version, schedule="@every 1s", repeats=3)

    job = app.request("GET", path).json()
    assert (job["name"], job["schedule"], job["repeats"]) == ("JJ", "@every 1s", 3)
    twice = app.request("POST", path, json={"schedule": "@every 1s"})
    assert twice.status_code == 409, twice.text
    assert "job already exists" in twice.json()["message"]
    assert [row["appId"] for row in machine.listed()] == [APP]

    until(lambda: app.request("GET", path).status_code == 500, "the job has run three times and is gone")
    assert "job not found: JJ" in app.request("GET", path).json()["message"]
    once_per_tick(received, began, 1, 3)
    assert [run["data"] for run in proof.received(str(received))] == [DATA] * 3
    assert app.out.count(f"== APP == received JJ: {DATA}") == 3

    schedule(app, version, schedule="@every 10s", repeats=3)
    replaced = app.request("POST", path, json={"schedule": "@every 20s", "overwrite": True})
    assert replaced.status_code == 204, replaced.text
    assert app.request("GET", path).json()["schedule"] == "@every 20s"
    assert app.request("DELETE", path).status_code == 204
    assert app.request("GET", path).status_code == 500
    assert app.stop() in (0, 143)
    machine.nothing_left()


def test_the_apps_own_requests(machine: Machine, tmp_path: Path) -> None:
    received = tmp_path / "received"
    app = serve(machine, received).up()
    made = app.invoke("POST", "schedule-job/prod-db-backup")
    assert made.status_code == 201, made.text
    assert made.json()["schedule"] == "@every 10s"
    told = app.invoke("GET", "get-job/prod-db-backup")
    assert (told.json()["schedule"], told.json()["repeats"]) == ("@every 10s", 3)
    assert app.invoke("DELETE", "delete-job/prod-db-backup").status_code == 204
    gone = app.invoke("GET", "get-job/prod-db-backup")
    assert gone.status_code == 404, gone.text
    assert count(received, "prod-db-backup") == 0


def test_the_command_line_sees_jobs_whether_or_not_the_app_runs(machine: Machine, tmp_path: Path) -> None:
    received = tmp_path / "received"
    app = serve(machine, received).up()
    for name in ("nightly", "weekly"):
        schedule(app, name=name, schedule=f"@{name.replace('nightly', 'daily')}")
    schedule(app, schedule="@every 1s", repeats=2, dueTime="0s")
    until(lambda: f"app/{APP}/JJ" not in listed(machine), "the job is done")
    assert count(received) == 2
    assert app.stop() in (0, 143)

    assert set(listed(machine)) == {f"app/{APP}/nightly", f"app/{APP}/weekly"}
    table = machine.dapr("scheduler", "list").stdout
    assert table.startswith("NAME") and f"app/{APP}/weekly" in table
    [job] = json.loads(machine.dapr("scheduler", "get", f"app/{APP}/nightly", "-o", "json").stdout)
    assert (job["namespace"], job["schedule"], job["count"]) == ("default", "@daily", 0)
    deleted = machine.dapr("scheduler", "delete", f"app/{APP}/nightly")
    assert f"Deleted app/{APP}/nightly in namespace 'default'." in deleted.stdout
    again = machine.dapr("scheduler", "delete", f"app/{APP}/nightly")
    assert again.returncode != 0
    assert f"no job with key 'app/{APP}/nightly' found" in again.stderr
    everything = machine.dapr("scheduler", "delete-all", "all")
    assert "Deleted 1 jobs in namespace 'default'." in everything.stdout
    assert listed(machine) == {}


def test_no_run_is_lost_or_comes_twice_over_a_restart_and_a_kill(machine: Machine, tmp_path: Path) -> None:
    received = tmp_path / "received"
    times = 8

    def written_down() -> bool:
        """Whether the store knows of every run that came: between two of them nothing is under way."""
        return listed(machine)[f"app/{APP}/JJ"]["count"] == count(received)

    app = serve(machine, received).up()
    began = schedule(app, schedule="@every 1s", repeats=times)
    until(lambda: count(received) >= 1, "the first run comes")
    assert app.stop() in (0, 143)
    assert f"app/{APP}/JJ" in listed(machine)

    app = serve(machine, received).up()
    before = count(received)
    until(lambda: count(received) > before and written_down(), "it goes on")
    kill(app)
    came = count(received)
    until(lambda: time.time() > began + came + 2, "a run is missed")
    assert count(received) == came, "nothing comes while nothing runs"

    serve(machine, received).up()
    until(lambda: listed(machine) == {}, "the job has run as often as it should")
    once_per_tick(received, began, 1, times)


def test_of_several_instances_one_gets_each_run(machine: Machine, tmp_path: Path) -> None:
    """One of them is killed; the others go on with what is left."""
    files = [tmp_path / f"received-{n}" for n in range(3)]
    together = tmp_path / "together"
    instances = [serve(machine, file).up() for file in files]
    times = 6

    def came() -> int:
        return sum(count(file) for file in files)

    began = schedule(instances[0], schedule="@every 1s", repeats=times)
    until(lambda: came() >= 2 and listed(machine)[f"app/{APP}/JJ"]["count"] == came(), "two runs came")
    # The one that has scheduled the job need not live for it to run.
    kill(instances[0])
    until(lambda: listed(machine) == {}, "the job has run as often as it should")
    runs = sorted((run for file in files for run in proof.received(str(file))), key=lambda run: run["time"])
    together.write_text("".join(json.dumps(run) + "\n" for run in runs))
    once_per_tick(together, began, 1, times)
