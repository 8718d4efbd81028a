"""nginx as a gateway in front of a service, and as that service: configurations and how it is started."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HEAD = """
daemon off; worker_processes 1; pid {folder}/{name}.pid; error_log stderr crit;
events {{ worker_connections 4096; }}
http {{
  access_log off; client_body_temp_path {folder}; proxy_temp_path {folder};
  fastcgi_temp_path {folder}; uwsgi_temp_path {folder}; scgi_temp_path {folder};
  keepalive_requests 1000000;
"""
SERVICE = """
  server {{ listen 127.0.0.1:{port}; default_type application/json;
    location / {{
      return 200 '{{"id":"3f1c7cd0-0f7c-4a0f-9d40-8e1b6a1d2f11","title":"a title","description":null}}'; }} }}
}}
"""
GATEWAY = """
  limit_req_zone $binary_remote_addr zone=all:10m rate=100000r/s;
  upstream service {{ server 127.0.0.1:{upstream}; keepalive 64; keepalive_requests 1000000; }}
  server {{ listen 127.0.0.1:{port}; client_max_body_size 1m;
    location /api/v1/items {{
      limit_req zone=all burst=10000 nodelay;
      proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header X-Request-Id $request_id;
      add_header X-Request-Id $request_id; add_header X-Content-Type-Options nosniff;
      proxy_read_timeout 5s; proxy_pass http://service; }} }}
}}
"""


@contextmanager
def running(name: str, text: str, core: int, **values: int) -> Iterator[list[int]]:
    """The pids of the running server, on one core."""
    folder = Path(tempfile.mkdtemp(prefix="ngx-", dir="/tmp"))
    file = folder / f"{name}.conf"
    file.write_text((HEAD + text).format(folder=folder, name=name, **values))
    if os.geteuid() == 0:
        file.write_text("user root;\n" + file.read_text())
    process = subprocess.Popen(
        ["taskset", "-c", str(core), shutil.which("nginx") or "nginx", "-c", str(file)]
    )
    try:
        yield [process.pid]
    finally:
        process.terminate()
        process.wait(10)
        shutil.rmtree(folder)
