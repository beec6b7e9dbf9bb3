"""The quick start of the README, exactly as written there. Only the port of the app is replaced by a free one."""

import ast
import re
import shlex
import sys
from pathlib import Path

from support import UP, Machine, Process, free_ports, until

README = Path(__file__).parents[2] / "README.md"


def code_blocks(title: str) -> list[tuple[str, str]]:
    """Language and text of each code block in a section of the README."""
    _, _, rest = README.read_text().partition(f"\n## {title}\n")
    assert rest, f"the README has no section {title!r}"
    section, _, _ = rest.partition("\n## ")
    return re.findall(r"^```(\w+)\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)


def commands(block: str) -> list[list[str]]:
    return [shlex.split(line, comments=True) for line in block.splitlines()]


def imported_packages(source: str) -> set[str]:
    """The packages that a module imports from outside the standard library."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names - sys.stdlib_module_names


def test_quick_start_works_as_written(machine: Machine) -> None:
    languages, blocks = zip(*code_blocks("Quick start"), strict=True)
    assert languages == ("bash", "python", "bash", "bash")
    install, app, run, talk = blocks

    *_, pip = commands(install)
    assert pip[:2] == ["pip", "install"]
    [[dapr, *run_args]] = commands(run.replace("8000", str(free_ports(1)[0])))
    program = run_args[run_args.index("--") + 1]
    assert imported_packages(app) | {program} == set(pip[2:])

    (machine.home / "main.py").write_text(app)
    assert dapr == "dapr"
    started = Process(machine, "hello", run_args)
    until(lambda: started.ended() or UP in started.out, "the app is up")
    assert not started.ended(), started.output

    outputs = {}
    for program, verb, *args in commands(talk):
        assert program == "dapr"
        if verb == "invoke":
            # A reader types more slowly than an event travels.
            until(lambda: machine.dapr(verb, *args).returncode == 0, "the app has handled the event")
        result = machine.dapr(verb, *args)
        assert result.returncode == 0, result.stdout + result.stderr
        outputs[verb] = result.stdout
    assert "Event published successfully" in outputs["publish"]
    assert '{"text":"hi"}' in outputs["invoke"]
    assert "hello" in outputs["list"]
    assert "app stopped successfully: hello" in outputs["stop"]
    started.wait()
    assert "== APP == got {'text': 'hi'}" in started.out
