"""Makes the images of the engine tests on this machine: nothing comes from an image registry of the network.

An image is one layer and a configuration. Layers are kept under target/ under a name that tells what they were
made of, so that only a change makes one anew.
"""

import gzip
import hashlib
import io
import json
import os
import platform
import re
import shutil
import subprocess
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from support import ROOT

CACHE = ROOT / "target" / "engine-tests"
STANDIN = Path(__file__).resolve().parent / "standin.rs"
ZIPKIN = "io.zipkin:zipkin-server:3.5.1:jar:slim"
COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy"
# A collector that nobody asks for here; it is half of the jar.
ZIPKIN_WITHOUT = ("bcp", "bcutil", "bouncy", "pulsar")
JRE_MODULES = (
    "java.base", "java.desktop", "java.instrument", "java.logging", "java.management", "java.naming",
    "java.security.jgss", "java.sql", "jdk.management", "jdk.unsupported",
)
# Libraries of the JRE for screens and sound, which would need many others.
JRE_WITHOUT = re.compile(r"lib(awt|font|freetype|javajpeg|jawt|jsound|lcms|mlib|splash).*\.so$")
ARCH = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())

# What a layer holds: a path in the image, and a file, a directory or bytes.
Content = Mapping[str, Path | bytes]


@dataclass(frozen=True)
class Image:
    """One layer in a file, and what an engine has to know about it."""

    layer: Path
    diff_id: str
    digest: str
    config: dict = field(default_factory=dict)

    def with_variable(self, name: str, value: str) -> "Image":
        """Another image of the same layer: its configuration differs, and so its id."""
        return replace(self, config=self.config | {"Env": [*self.config.get("Env", []), f"{name}={value}"]})

    def config_file(self) -> bytes:
        return json.dumps({
            "architecture": ARCH, "os": "linux", "created": "2026-01-01T00:00:00Z", "config": self.config,
            "rootfs": {"type": "layers", "diff_ids": [self.diff_id]},
            "history": [{"created": "2026-01-01T00:00:00Z", "created_by": "engine tests"}],
        }).encode()


def run(*command: str | Path, **more) -> str:
    """A program's output; what it says is part of the failure."""
    result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, **more)
    if result.returncode != 0:
        words = " ".join(str(word) for word in command)
        raise RuntimeError(f"{words} failed with {result.returncode}:\n{result.stdout}{result.stderr}")
    return result.stdout


def libraries(program: Path) -> dict[str, Path]:
    """The shared libraries of a program, where its loader looks for them."""
    found = re.findall(r"(/\S+) \(0x", run("ldd", program))
    return {name: Path(name).resolve() for name in found}


def write_layer(file: Path, content: Content) -> tuple[str, str]:
    """Writes a layer; returns the digests of the tar in it and of the file itself."""
    inner, outer = hashlib.sha256(), hashlib.sha256()

    class Hashing(io.RawIOBase):
        def __init__(self, to, digest) -> None:
            self.to, self.digest = to, digest

        def writable(self) -> bool:
            return True

        def write(self, data) -> int:
            self.digest.update(data)
            self.to.write(data)
            return len(data)

    def plain(entry: tarfile.TarInfo) -> tarfile.TarInfo:
        entry.uid = entry.gid = entry.mtime = 0
        entry.uname = entry.gname = ""
        return entry

    with file.open("wb") as raw:
        zipped = gzip.GzipFile(filename="", mode="wb", compresslevel=1, fileobj=Hashing(raw, outer), mtime=0)
        with zipped, tarfile.open(fileobj=Hashing(zipped, inner), mode="w|") as tar:
            for name, source in sorted(content.items()):
                if isinstance(source, Path):
                    tar.add(source, name.lstrip("/"), filter=plain)
                    continue
                entry = plain(tarfile.TarInfo(name.strip("/")))
                entry.mode, entry.size = 0o755, len(source)
                entry.type = tarfile.DIRTYPE if name.endswith("/") else tarfile.REGTYPE
                tar.addfile(entry, io.BytesIO(source))
    return f"sha256:{inner.hexdigest()}", f"sha256:{outer.hexdigest()}"


def cached(name: str, made_of: list[str], make: Callable[[Path], Content]) -> Image:
    """The layer that was made of just this before, or a new one. `make` gets a directory to work in."""
    recipe = Path(__file__).read_text()
    key = hashlib.sha256(json.dumps([recipe, *made_of]).encode()).hexdigest()[:16]
    layer = CACHE / f"{name}-{key}.tar.gz"
    digests = layer.with_suffix(".json")
    if not digests.is_file():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as work:
            new = Path(work) / "layer"
            said = write_layer(new, make(Path(work)))
            for stale in CACHE.glob(f"{name}-*"):
                stale.unlink()
            new.rename(layer)
            (Path(work) / "digests").write_text(json.dumps(said))
            (Path(work) / "digests").rename(digests)
    diff_id, digest = json.loads(digests.read_text())
    return Image(layer, diff_id, digest)


def checksum(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def redis() -> Image:
    """The Redis of the distribution. Its server and its tools are one program that goes by its name."""
    found = shutil.which("redis-server") or shutil.which("redis-check-rdb")
    if found is None:
        raise RuntimeError("redis-server is not installed (Debian, Ubuntu: apt-get install redis-tools)")
    program = Path(found).resolve()

    def make(_: Path) -> Content:
        return {"/redis-server": program, "/data/": b"", "/tmp/": b"", **libraries(program)}

    image = cached("redis", [checksum(program)], make)
    return replace(image, config={
        "Entrypoint": ["/redis-server"],
        "Cmd": ["--protected-mode", "no", "--bind", "0.0.0.0", "--dir", "/data"],
        "ExposedPorts": {"6379/tcp": {}}, "WorkingDir": "/data",
    })


def zipkin() -> Image:
    """Zipkin's server on a Java runtime that has just what it needs."""
    def make(work: Path) -> Content:
        home, jre = work / "zipkin", work / "jre"
        run("mvn", "-q", "-B", COPY, f"-Dartifact={ZIPKIN}", f"-DoutputDirectory={work}")
        [jar] = work.glob("zipkin-server-*.jar")
        with zipfile.ZipFile(jar) as archive:
            for name in archive.namelist():
                if name.startswith("BOOT-INF/") and not Path(name).name.startswith(ZIPKIN_WITHOUT):
                    archive.extract(name, home)
        run("jlink", "--add-modules", ",".join(JRE_MODULES), "--strip-java-debug-attributes", "--no-man-pages",
            "--no-header-files", "--output", jre)
        needed: dict[str, Path] = libraries(jre / "bin" / "java")
        for library in jre.rglob("*.so"):
            if JRE_WITHOUT.match(library.name):
                library.unlink()
        for library in jre.rglob("*.so"):
            needed |= {name: path for name, path in libraries(library).items() if work not in path.parents}
        return {"/zipkin": home / "BOOT-INF", "/jre": jre, "/tmp/": b"", **needed}

    image = cached("zipkin", [ZIPKIN, run("jlink", "--version")], make)
    return replace(image, config={
        "Entrypoint": [
            "/jre/bin/java", "-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData",
            "-cp", "/zipkin/classes:/zipkin/lib/*", "zipkin.server.ZipkinServer",
        ],
        "ExposedPorts": {"9411/tcp": {}}, "WorkingDir": "/zipkin",
    })


def standin() -> Path:
    """The program that stands in for placement, scheduler and daprd."""
    made_of = STANDIN.read_text() + run("rustc", "--version")
    program = CACHE / f"standin-{hashlib.sha256(made_of.encode()).hexdigest()[:16]}"
    if not program.is_file():
        CACHE.mkdir(parents=True, exist_ok=True)
        new = program.with_suffix(f".{os.getpid()}")
        run("rustc", "--edition", "2024", "-O", "-C", "target-feature=+crt-static", "-C", "strip=symbols",
            "-C", "panic=abort", "-o", new, STANDIN)
        new.rename(program)
    return program


def dapr() -> Image:
    """Placement and scheduler, where the stock image has them."""
    program = standin()

    def make(_: Path) -> Content:
        return {"/placement": program, "/scheduler": program, "/var/lock/": b"", "/var/tmp/": b""}

    return replace(cached("dapr", [checksum(program)], make), config={"WorkingDir": "/"})
