"""Fixtures of the tests in a browser: one browser and one running system for all of them, a tab for each."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import support
from browser import Browser, Tab
from system import Dashboard, System


def pytest_report_header() -> str:
    return f"dapr: {support.DAPR}"


def pytest_sessionstart() -> None:
    if not support.DAPR.is_file():
        pytest.exit(f"{support.DAPR} is not there: run 'cargo build', or set DAPR_BIN", returncode=2)


@pytest.fixture(scope="session")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[support.Machine]:
    # Names of sockets have to be short.
    machine = support.Machine(tmp_path_factory.mktemp("m"))
    yield machine
    machine.close()


@pytest.fixture(scope="session")
def system(machine: support.Machine) -> System:
    """Two apps that have done something already."""
    system = System(machine)
    system.order("chair")
    return system


@pytest.fixture(scope="session")
def dashboard(system: System) -> Dashboard:
    return system.dashboard


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    browser = Browser()
    yield browser
    browser.close()


@pytest.fixture
def tabs(browser: Browser) -> Iterator[Callable[..., Tab]]:
    """Makes tabs. In the end none may have complained of anything."""
    made: list[Tab] = []

    def make(**settings) -> Tab:
        made.append(browser.tab(**settings))
        return made[-1]

    yield make
    complaints = [
        complaint for tab in made for complaint in tab.complaints if not any(text in complaint for text in tab.excused)
    ]
    for tab in made:
        tab.close()
    assert not complaints, complaints


@pytest.fixture
def tab(tabs: Callable[..., Tab]) -> Tab:
    return tabs()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item):
    """A failed test shows what the dashboard and the apps have printed."""
    report = yield
    support.add_output(report, item)
    return report


@pytest.fixture
def home(tmp_path: Path) -> Iterator[support.Machine]:
    """A machine on which nothing runs."""
    machine = support.Machine(tmp_path)
    yield machine
    machine.close()
