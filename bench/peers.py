"""The other side of a comparison: registries, near and far, and buildah."""
import glob
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

from measure import FAST, ROOT, shell


class Registry:
    """A registry on loopback whose storage is memory; stopped at the end."""

    def __init__(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.host = "127.0.0.1:%d" % probe.getsockname()[1]
        self.storage = tempfile.mkdtemp(prefix="ocinoco-bench.", dir=FAST)
        config = f"{self.storage}/config.yml"
        with open(config, "w") as file:
            file.write(f"version: 0.1\nlog: {{level: info, accesslog: {{disabled: false}}}}\n"
                       f"storage: {{filesystem: {{rootdirectory: {self.storage}/data}}}}\n"
                       f"http: {{addr: '{self.host}'}}\n")
        self.log = f"{self.storage}/log"
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(["docker-registry", "serve", config],
                                            stdout=log, stderr=log)
        host, port = self.host.split(":")
        for _ in range(200):
            try:
                socket.create_connection((host, int(port))).close()
                return
            except OSError:
                time.sleep(0.05)
        sys.exit("run: the registry does not start")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()
        shutil.rmtree(self.storage)

    def uploads(self):
        """How many requests carried bytes of blobs so far, by the access log."""
        with open(self.log) as log:
            return sum('"PATCH /v2/' in line or '"PUT /v2/' in line and "/blobs/" in line
                       for line in log)

    def forget(self, *repositories):
        """Removes everything, or only what some repositories have."""
        top = f"{self.storage}/data"
        paths = [f"{top}/docker/registry/v2/repositories/{name}" for name in repositories]
        for path in paths or [top]:
            shutil.rmtree(path, ignore_errors=True)


class Distance:
    """A way to a registry on which every byte takes 50 ms, in either direction."""

    def __init__(self, registry):
        self.process = subprocess.Popen(
            [sys.executable, f"{ROOT}/bench/delay.py", registry.host.split(":")[1], "50"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.host = f"127.0.0.1:{self.process.stdout.readline().strip()}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.communicate()


def push_index(host, size):
    """An index of two images with ten layers each, of noise, at HOST/source:1."""
    layer = f"{FAST}/ocinoco-bench-layer"
    os.makedirs(layer, exist_ok=True)
    commands = ["set -e"]
    for platform in ("amd64", "arm64"):
        for number in range(10):
            commands += [f"head -c {size} /dev/urandom >{layer}/file",
                         f"oci-tar {layer}/file | oci-zstd | oci-push-blob {host}/source "
                         f">{FAST}/ocinoco-bench.{platform}.{number}"]
        commands += [f"oci-fetch scratch --platform linux/{platform} | oci-manifest-append "
                     f"{FAST}/ocinoco-bench.{platform}.? | oci-config --cmd '[\"/x\"]'"]
    shell(f"({'; '.join(commands)}) | oci-push-manifest {host}/source:1")
    shutil.rmtree(layer)
    for path in glob.glob(f"{FAST}/ocinoco-bench.a*"):
        os.remove(path)


def buildah_in(work):
    """buildah with a store of its own: overlay where it can be mounted, as people have it."""
    places = [f"{work}/{name}" for name in ("lower", "upper", "work", "merged")]
    for place in places:
        os.makedirs(place)
    mounted = subprocess.run(
        ["mount", "-t", "overlay", "overlay", "-o",
         "lowerdir={},upperdir={},workdir={}".format(*places[:3]), places[3]],
        stderr=subprocess.DEVNULL).returncode == 0
    if mounted:
        subprocess.run(["umount", places[3]], check=True)
    driver = "overlay" if mounted else "vfs"
    return f"buildah --storage-driver {driver} --root {work}/storage --runroot {work}/run"
