"""An image registry of this machine, and how images get into it."""

import hashlib
import subprocess
from collections.abc import Iterable
from pathlib import Path

import httpx
import yaml

import images
from images import Image
from support import free_ports, until

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
CONFIG = "application/vnd.docker.container.image.v1+json"
LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"

NEWEST = "1.18.0"
# Those that are not stable releases must not be taken for the newest one.
VERSIONS = ("1.16.0", "1.17.2", NEWEST, "1.18.1-rc.1", f"{NEWEST}-mariner", "junk")


class Registry:
    """A running `docker-registry` with storage of its own."""

    def __init__(self, directory: Path):
        directory.mkdir()
        [port] = free_ports(1)
        self.address = f"127.0.0.1:{port}"
        config = directory / "config.yml"
        config.write_text(yaml.safe_dump({
            "version": "0.1",
            "log": {"level": "warn", "accesslog": {"disabled": True}},
            "storage": {"filesystem": {"rootdirectory": str(directory / "storage")}},
            "http": {"addr": self.address},
        }))
        self.log = directory / "log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                ["docker-registry", "serve", str(config)], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )
        self.http = httpx.Client(base_url=f"http://{self.address}/v2", timeout=60, trust_env=False)
        self.homes: dict[str, str] = {}
        until(self.answers, "the registry answers")

    def answers(self) -> bool:
        if self.process.poll() is not None:
            raise RuntimeError(f"docker-registry ended:\n{self.log.read_text()}")
        return self.http.get("/").is_success

    def reference(self, name: str, tag: str) -> str:
        return f"{self.address}/{name}:{tag}"

    def push(self, image: Image, name: str, tags: Iterable[str]) -> None:
        config = image.config_file()
        manifest = {
            "schemaVersion": 2, "mediaType": MANIFEST,
            "config": {"mediaType": CONFIG, "size": len(config), "digest": self.upload(name, config)},
            "layers": [{
                "mediaType": LAYER, "size": image.layer.stat().st_size,
                "digest": self.upload(name, image.layer, image.digest),
            }],
        }
        for tag in tags:
            self.http.put(
                f"/{name}/manifests/{tag}", json=manifest, headers={"Content-Type": MANIFEST}
            ).raise_for_status()

    def upload(self, name: str, blob: Path | bytes, digest: str | None = None) -> str:
        """Stores a blob under a name; one that is there already is only linked."""
        if isinstance(blob, bytes):
            digest = f"sha256:{hashlib.sha256(blob).hexdigest()}"
        home = self.homes.setdefault(digest, name)
        link = {} if home == name else {"mount": digest, "from": home}
        started = self.http.post(f"/{name}/blobs/uploads/", params=link)
        started.raise_for_status()
        if started.status_code != httpx.codes.CREATED:
            data = blob if isinstance(blob, bytes) else blob.read_bytes()
            self.http.put(
                httpx.URL(started.headers["Location"]).copy_add_param("digest", digest), content=data,
                headers={"Content-Type": "application/octet-stream"},
            ).raise_for_status()
        return digest

    def fill(self) -> None:
        """Everything that `dapr init` may ask for; under `incomplete/`, everything but Zipkin."""
        dapr, redis, zipkin = images.dapr(), images.redis(), images.zipkin()
        for version in VERSIONS:
            self.push(dapr.with_variable("DAPR_VERSION", version), "dapr/dapr", [version])
        self.push(redis, "dapr/3rdparty/redis", ["6"])
        self.push(redis.with_variable("REDIS", "stack"), "dapr/3rdparty/redis-stack-server", ["7.2.0-v19"])
        self.push(zipkin, "dapr/3rdparty/zipkin", ["latest"])
        self.push(dapr.with_variable("DAPR_VERSION", NEWEST), "incomplete/dapr/dapr", [NEWEST])
        self.push(redis, "incomplete/dapr/3rdparty/redis", ["6"])

    def close(self) -> None:
        self.http.close()
        self.process.terminate()
        self.process.wait()
