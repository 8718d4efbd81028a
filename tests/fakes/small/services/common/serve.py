"""Serves its name and release on descriptor 0 and a control socket; behaviour.txt makes it fail."""

import json
import os
import signal
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import ThreadingUnixStreamServer

NAME, RELEASE = sys.argv[1], os.environ["RELEASE"]
WRITTEN = (Path(__file__).parents[1] / "behaviour.txt").read_text().split()
BEHAVIOUR = os.environ.get("BEHAVIOUR") or (WRITTEN[0] if NAME in WRITTEN[1:] else "well")
OPEN = {"mode": "open", "in_flight": 0, "held": 0, "id": None, "until": None}


class Answer(BaseHTTPRequestHandler):
    def do_GET(self):
        ready = BEHAVIOUR != "unready"
        checks = {"database": "ok" if ready else "it is not there"}
        body = {"service": NAME, "release": RELEASE, "pid": os.getpid(), "ready": ready, "checks": checks}
        if self.path == "/environment":
            body = dict(os.environ)
        if self.path.startswith("/control/"):
            body = OPEN
        data = json.dumps(body).encode()
        self.send_response(200 if ready else 503)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_PUT(self):
        """Says that it is open whatever mode it is told to take: it has no requests to hold."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def log_message(self, *_):
        pass

    def address_string(self):
        return "client"


class Control(ThreadingUnixStreamServer):
    daemon_threads = True


class Public(ThreadingHTTPServer):
    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answer, bind_and_activate=False)
        self.socket.close()
        self.socket = socket.socket(fileno=0)
        self.socket.setblocking(False)  # another copy may be quicker to accept


if BEHAVIOUR == "dies":
    print("I cannot live like this", flush=True)
    sys.exit(78)
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
Path(os.environ["CONTROL_SOCKET"]).unlink(missing_ok=True)
public, control = Public(), Control(os.environ["CONTROL_SOCKET"], Answer)
for server in (public, control):
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
print(f"{NAME} serves {RELEASE}", flush=True)
signal.sigwait({signal.SIGTERM})
public.shutdown()
