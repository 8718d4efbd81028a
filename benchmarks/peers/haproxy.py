"""haproxy as a gateway in front of a service: its configuration and how it is started."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

GATEWAY = """
global
  nbthread 1
  maxconn 4096
defaults
  mode http
  timeout connect 1s
  timeout client 30s
  timeout server 5s
  http-reuse always
frontend gateway
  bind 127.0.0.1:{port}
  unique-id-format %[uuid()]
  unique-id-header X-Request-Id
  stick-table type ip size 100k expire 30s store http_req_rate(1s)
  http-request track-sc0 src
  http-request deny deny_status 429 if {{ sc_http_req_rate(0) gt 1000000 }}
  http-request set-header X-Forwarded-For %[src]
  http-response set-header X-Request-Id %[unique-id]
  http-response set-header X-Content-Type-Options nosniff
  default_backend service
backend service
  server one 127.0.0.1:{upstream} maxconn 256
"""


@contextmanager
def running(core: int, port: int, upstream: int) -> Iterator[int]:
    """The pid of the running proxy, on one core."""
    folder = Path(tempfile.mkdtemp(prefix="hap-", dir="/tmp"))
    file = folder / "haproxy.cfg"
    file.write_text(GATEWAY.format(port=port, upstream=upstream))
    program = shutil.which("haproxy") or "haproxy"
    process = subprocess.Popen(["taskset", "-c", str(core), program, "-db", "-q", "-f", str(file)])
    try:
        yield process.pid
    finally:
        process.terminate()
        process.wait(10)
        shutil.rmtree(folder)
