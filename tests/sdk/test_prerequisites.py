"""What `install/prerequisites.sh` says on machines that lack something. Each machine is a directory of programs."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOOLS = ["awk", "cat", "sed"]
OLDEST = next(
    line.split('"')[1] for line in (ROOT / "Cargo.toml").read_text().splitlines() if line.startswith("rust-version")
)
MAJOR, MINOR = (int(part) for part in OLDEST.split(".")[:2])


class Programs:
    def __init__(self, directory: Path):
        self.directory = directory
        for tool in TOOLS:
            (directory / tool).symlink_to(shutil.which(tool))

    def add(self, name: str, output: str = "", code: int = 0) -> None:
        program = self.directory / name
        program.write_text(f"#!/bin/sh\nprintf '%s\\n' '{output}'\nexit {code}\n")
        program.chmod(0o755)

    def missing(self, check: str) -> str:
        """What a check adds to the list of missing prerequisites."""
        result = subprocess.run(
            ["/bin/sh", "-eu", "-c", f'root={ROOT}; . "$root/install/prerequisites.sh"; {check}; printf "%s" "$missing"'],
            env={"PATH": str(self.directory)}, capture_output=True, text=True, timeout=30, check=True,
        )
        assert result.stderr == ""
        return result.stdout.strip()


@pytest.fixture
def programs(tmp_path: Path) -> Programs:
    return Programs(tmp_path)


def test_absent_programs_are_named_with_a_way_to_get_them(programs: Programs) -> None:
    assert programs.missing("require_rust") == "cargo, rustc: install Rust from https://rustup.rs"
    assert "build-essential" in programs.missing("require_c_compiler")
    assert "python3-venv" in programs.missing("require_python")
    assert programs.missing("require_program curl 'install it'") == "curl: install it"


@pytest.mark.parametrize("version", [f"{MAJOR}.{MINOR}.0", f"{MAJOR}.{MINOR + 1}.2-nightly", f"{MAJOR + 1}.0.0", OLDEST])
def test_new_enough_rust_is_accepted(programs: Programs, version: str) -> None:
    programs.add("cargo")
    programs.add("rustc", f"rustc {version} (0123abcd 2026-01-01)")
    assert programs.missing("require_rust") == ""


@pytest.mark.parametrize("version", [f"{MAJOR}.{MINOR - 1}.9", f"{MAJOR}.9.0", f"{MAJOR - 1}.{MINOR + 5}.0"])
def test_old_rust_is_named_with_the_version_that_is_needed(programs: Programs, version: str) -> None:
    programs.add("cargo")
    programs.add("rustc", f"rustc {version} (0123abcd 2026-01-01)")
    missing = programs.missing("require_rust")
    assert version in missing and f"Rust {OLDEST} or newer is needed" in missing


def test_toolchain_that_is_not_set_up_is_named(programs: Programs) -> None:
    programs.add("cargo")
    programs.add("rustc", "error: no default toolchain", code=1)
    assert "no default toolchain" in programs.missing("require_rust")


def test_python_without_venv_is_named(programs: Programs) -> None:
    (programs.directory / "python3").write_text(
        "#!/bin/sh\ncase $2 in *venv*) exit 1 ;; esac\n"
    )
    (programs.directory / "python3").chmod(0o755)
    assert programs.missing("require_python").startswith("python3: the venv module is missing")


def test_little_disk_is_named_with_both_sizes(programs: Programs) -> None:
    programs.add("df", "Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/sda 9 9 1048576 9% /")
    assert programs.missing("require_disk 1024") == ""
    missing = programs.missing("require_disk 1025")
    assert "1024 MiB are free" in missing and "up to 1025 MiB" in missing


def test_little_memory_is_named_with_both_sizes(programs: Programs) -> None:
    assert programs.missing("require_memory 1") == ""
    missing = programs.missing("require_memory 1000000000")
    assert "the compiler needs up to 1000000000 MiB" in missing


def test_memory_limit_of_a_container_counts(programs: Programs) -> None:
    (programs.directory / "cat").unlink()
    programs.add("cat", str(512 * 1024 * 1024))
    assert programs.missing("printf %s $(free_memory)") == "512"
    (programs.directory / "cat").unlink()
    programs.add("cat", "max")
    assert int(programs.missing("printf %s $(free_memory)")) > 512
