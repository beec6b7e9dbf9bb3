"""Fixtures of the tests that use the real binary with real clients."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import support


def pytest_report_header() -> str:
    return f"dapr: {support.DAPR}"


def pytest_sessionstart() -> None:
    if not support.DAPR.is_file():
        pytest.exit(f"{support.DAPR} is not there: run 'cargo build', or set DAPR_BIN", returncode=2)
    subprocess.run([support.DAPR, "--version"], check=True, capture_output=True, timeout=30)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item):
    """A failed test shows what its `dapr run`s printed."""
    report = yield
    support.add_output(report, item)
    return report


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[support.Machine]:
    machine = support.Machine(tmp_path)
    yield machine
    machine.close()
