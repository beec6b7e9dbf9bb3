"""The table of the README: which building block is tested with which SDK over which transport.

A test `test_<block>[<sdk>-<transport>]` or `test_<block>_<detail>[<sdk>-<transport>]` is what fills a cell. BLESS=1
writes the table anew.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

from support import ROOT

README = ROOT / "README.md"
HEADING = "## What is tested with which SDK\n"

# In the order of the table; a test's name begins with the key.
BLOCKS = {
    "invocation": "service invocation",
    "state": "state",
    "publish": "publish",
    "subscribe": "subscribe",
    "dead_letters": "dead letter topics",
    "secrets": "secrets",
    "metadata": "metadata",
    "health": "health",
}

SDKS = {
    "python-http": "Python `dapr`, HTTP",
    "fastapi-http": "Python `dapr-ext-fastapi`, HTTP",
    "flask-http": "Python `flask-dapr`, HTTP",
    "javascript-http": "JavaScript `@dapr/dapr`, HTTP",
}

CALLS = set(BLOCKS) - {"subscribe", "dead_letters"}
# Cells that stay empty, since the SDK has no such thing: blocks by SDK.
ABSENT = {
    # Everything but invocation and the question for health is gRPC in this SDK.
    "python-http": set(BLOCKS) - {"invocation", "health"},
    # They receive; what calls out is the package `dapr`.
    "fastapi-http": CALLS - {"invocation"},
    "flask-http": CALLS - {"invocation"},
}


def collected() -> set[tuple[str, str]]:
    """Block and SDK of every test there is, whatever this run has selected."""
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "--quiet", str(Path(__file__).parent)],
        capture_output=True, text=True, timeout=120, check=True,
    )
    tests = re.findall(r"::test_(\w+)\[([a-z]+-(?:http|grpc))[-\]]", result.stdout)
    return {(block, sdk) for name, sdk in tests if (block := block_of(name))}


def block_of(test: str) -> str | None:
    """The longest block that the name of a test begins with."""
    named = [block for block in BLOCKS if f"{test}_".startswith(f"{block}_")]
    return max(named, key=len, default=None)


def table(cells: set[tuple[str, str]]) -> str:
    def cell(block: str, sdk: str) -> str:
        if (block, sdk) in cells:
            return "✓"
        return "–" if block in ABSENT.get(sdk, ()) else ""

    rows = [["", *SDKS.values()], ["---"] * (1 + len(SDKS))]
    rows += [[title, *(cell(block, sdk) for sdk in SDKS)] for block, title in BLOCKS.items()]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def test_the_readme_says_what_is_tested() -> None:
    cells = collected()
    assert {sdk for _, sdk in cells} == set(SDKS), "every SDK and transport has a column"
    assert not {(block, sdk) for block, sdk in cells if block in ABSENT.get(sdk, ())}, "these are tested now"

    text = README.read_text()
    before, heading, section = text.partition(HEADING)
    assert heading, f"{README} has no section {HEADING.strip()!r}"
    [found] = re.findall(r"^(?:\|.*\n)+", section.partition("\n#")[0], re.MULTILINE)
    if os.environ.get("BLESS"):
        README.write_text(before + heading + section.replace(found, table(cells), 1))
    else:
        assert found == table(cells), "the table of the README is stale: BLESS=1 writes it anew"
