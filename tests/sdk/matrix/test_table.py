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
    "proxying": "gRPC proxying",
    "state": "state",
    "publish": "publish",
    "bulk_publish": "publish in bulk",
    "subscribe": "subscribe",
    "routing_rules": "subscribe with routing rules",
    "bulk_subscribe": "subscribe in bulk",
    "streaming": "subscribe by a stream",
    "dead_letters": "dead letter topics",
    "output_binding": "output bindings",
    "input_binding": "input bindings",
    "secrets": "secrets",
    "configuration": "configuration",
    "lock": "distributed lock",
    "jobs": "jobs",
    "metadata": "metadata",
    "health": "health",
}

# Of the parameters of the tests, in the order of the table.
SDKS = {
    "plain-http": "no SDK, HTTP",
    "python-http": "`dapr`, HTTP",
    "python-grpc": "`dapr`, gRPC",
    "fastapi-http": "`dapr-ext-fastapi`, HTTP",
    "flask-http": "`flask-dapr`, HTTP",
    "grpcext-grpc": "`dapr-ext-grpc`, gRPC",
    "javascript-http": "`@dapr/dapr`, HTTP",
    "javascript-grpc": "`@dapr/dapr`, gRPC",
}

# What an app on dapr-ext-fastapi and flask-dapr does by itself or with the package `dapr`.
NOT_BY_DECORATOR = set(BLOCKS) - {"invocation", "subscribe", "dead_letters", "input_binding", "jobs"}
# Cells that stay empty, since the SDK has no such thing: blocks by SDK.
ABSENT = {
    "plain-http": {"proxying", "streaming"},
    # Everything but invocation and the question for health is gRPC in this SDK.
    "python-http": set(BLOCKS) - {"invocation", "health"},
    # It calls; what is called is the business of the other packages.
    "python-grpc": {"proxying", "subscribe", "routing_rules", "bulk_subscribe", "dead_letters", "input_binding"},
    "fastapi-http": NOT_BY_DECORATOR,
    "flask-http": NOT_BY_DECORATOR,
    "grpcext-grpc": NOT_BY_DECORATOR - {"proxying", "routing_rules", "health"},
    "javascript-http": {"proxying", "streaming", "configuration", "jobs"},
    "javascript-grpc": {"proxying", "streaming", "jobs"},
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
    assert {sdk for _, sdk in cells} <= set(SDKS), "every SDK and transport has a column"
    assert not {(block, sdk) for block, sdk in cells if block in ABSENT.get(sdk, ())}, "these are tested now"

    text = README.read_text()
    before, heading, section = text.partition(HEADING)
    assert heading, f"{README} has no section {HEADING.strip()!r}"
    [found] = re.findall(r"^(?:\|.*\n)+", section.partition("\n#")[0], re.MULTILINE)
    if os.environ.get("BLESS"):
        README.write_text(before + heading + section.replace(found, table(cells), 1))
    else:
        assert found == table(cells), "the table of the README is stale: BLESS=1 writes it anew"
