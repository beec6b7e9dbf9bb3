"""What `run.sh` has to find out about the runs of its jobs. The jobs come from `dapr scheduler list -o json`.

    proof.py quiet RECEIVED                       succeeds when every run is written down and none is near
    proof.py overdue JOB                          succeeds when a run of the job has been missed
    proof.py begin JOB                            when the job's clock began
    proof.py fired RECEIVED JOB BEGIN EVERY TIMES   succeeds when the job ran so many times, once for each tick
"""

import json
import sys
import time
from datetime import datetime
from pathlib import Path

# Seconds in which a moment is over that `quiet` has seen.
NEAR = 0.5


def jobs() -> dict[str, dict]:
    return {job["name"].rsplit("/", 1)[1]: job for job in json.load(sys.stdin)}


def seconds(text: str) -> float:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def every(job: dict) -> float:
    return float(job["schedule"].removeprefix("@every ").removesuffix("s"))


def due(job: dict) -> float:
    """When the next run is due at the earliest; up to a second later, since times are told in whole seconds."""
    return seconds(job.get("lastTrigger") or job["begin"]) + every(job)


def received(file: str) -> list[dict]:
    path = Path(file)
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def quiet(file: str) -> str | None:
    for name, job in jobs().items():
        came = sum(run["job"] == name for run in received(file))
        if job["count"] != came:
            return f"{name}: {came} runs came, {job['count']} are written down"
        if due(job) < time.time() + NEAR:
            return f"{name} is due"
    return None


def overdue(name: str) -> str | None:
    return None if time.time() > due(jobs()[name]) + 1 else f"{name} is not due yet"


def begin(name: str) -> None:
    print(jobs()[name]["begin"])


def fired(file: str, name: str, began: str, interval: str, times: str) -> str | None:
    start, step = seconds(began), float(interval)
    runs = [run for run in received(file) if run["job"] == name]
    for number, run in enumerate(runs, 1):
        tick, came = start + number * step, run["time"]
        late = came - tick
        print(f"  {name} {number}: {datetime.fromtimestamp(came):%H:%M:%S.%f}, {late:5.1f} s after its tick began")
        # A run that was not due yet can only be one that came twice.
        if late < 0:
            return f"run {number} of {name} came {-late:.1f} s before its tick: one before it came twice"
    if len(runs) != int(times):
        return f"{name} ran {len(runs)} times instead of {times}"
    return None


def main() -> int:
    command = {"quiet": quiet, "overdue": overdue, "begin": begin, "fired": fired}[sys.argv[1]]
    wrong = command(*sys.argv[2:])
    if wrong:
        print(wrong, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
