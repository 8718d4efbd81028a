"""What is saved is served soon, and nothing else is restarted; benchmarks/local.py says how soon."""

from __future__ import annotations

import json
import signal
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

REAL = Path(__file__).parents[2] / "src" / "services"
SOON = 60  # seconds, on a busy machine


@pytest.fixture
def watching(make_environment):
    environment = make_environment(editable=True)
    assert environment.run("up").code == 0
    process = environment.start("up", "--watch")
    said: list[str] = []
    for stream in (process.stdout, process.stderr):
        threading.Thread(target=lambda text=stream: said.extend(text), daemon=True).start()
    wait(lambda: any("watching" in line for line in said), SOON)
    yield environment, said
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=SOON) == 130


def wait(check, seconds: float) -> float:
    begun = time.monotonic()
    while not check():
        assert time.monotonic() - begun < seconds, f"not within {seconds} s"
        time.sleep(0.01)
    return time.monotonic() - begun


def keys(environment) -> dict:
    url = f"http://127.0.0.1:{environment.port}/api/v1/.well-known/jwks.json"
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return json.load(answer)
    except urllib.error.HTTPError:
        return {}


def save(environment, old: str, new: str) -> None:
    """A change to an endpoint of auth, written as an editor does: a new file in the place of the old."""
    path = Path(environment.services) / "services" / "auth" / "endpoints.py"
    text = path.read_text()
    assert old in text
    written = path.with_suffix(".tmp")
    written.write_text(text.replace(old, new))
    written.replace(path)


@pytest.mark.timeout(180)
def test_a_saved_file_is_served_and_other_processes_keep_their_pids(watching):
    environment, _ = watching
    before = environment.pids()
    for number in range(3):
        seconds_until_served(environment, f"# saved {number}")
        wait(lambda: all_ready(environment), SOON)
    after = environment.pids()
    assert {name for name in after if after[name] != before[name]} == {"auth-0", "auth-1"}


def seconds_until_served(environment, comment: str) -> float:
    """From a save of auth's endpoints to an answer through the gateway that only the new code can give."""
    control = f"{next(environment.runtime.glob('platformctl-*'))}/auth-0.sock"
    old = release(control)
    save(environment, "from __future__", f"{comment}\nfrom __future__")
    begun = time.monotonic()
    wait(lambda: release(control) not in (None, old), SOON)
    assert keys(environment)["keys"]
    return round(time.monotonic() - begun, 2)


@pytest.mark.timeout(180)
def test_a_mistake_is_told_and_its_correction_heals(watching):
    environment, said = watching
    save(environment, "from __future__", "this is no Python\nfrom __future__")
    wait(lambda: any("SyntaxError" in line for line in said), SOON)
    save(environment, "this is no Python\n", "")
    wait(lambda: bool(keys(environment).get("keys")), SOON)
    wait(lambda: all_ready(environment), SOON)


def release(control: str) -> str | None:
    import httpx

    try:
        with httpx.Client(transport=httpx.HTTPTransport(uds=control, verify=False), timeout=1) as client:
            answer = client.get("http://control/readyz")
            return answer.json()["release"] if answer.status_code == 200 else None
    except (httpx.HTTPError, ValueError):
        return None


def all_ready(environment) -> bool:
    return all(each["ready"] for each in environment.run("status").data["processes"])
