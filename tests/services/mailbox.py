"""A mail server that takes every mail and keeps it; knows only the words of SMTP that a sender needs."""

from __future__ import annotations

import socketserver
import threading
import time
from base64 import b64decode
from email import message_from_bytes, policy
from email.message import EmailMessage


class _Session(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        time.sleep(self.server.delay)
        self._say("220 mailbox")
        while line := self.rfile.readline():
            word = line.split()[0].upper() if line.split() else b""
            if word == b"DATA":
                self._say("354 go on")
                self.server.mails.append(message_from_bytes(self._content(), policy=policy.default))
            if word == b"QUIT":
                self._say("221 bye")
                return
            self._say(self._answer(word, line.decode()))

    def _answer(self, word: bytes, line: str) -> str:
        if word == b"EHLO":
            return "250-mailbox\r\n250-AUTH PLAIN\r\n250 SMTPUTF8"
        if word == b"AUTH":
            self.server.logins.append(b64decode(line.split()[2]).decode().split("\0")[1:])
            return "235 fine"
        if word == b"RCPT":
            address = line.partition("<")[2].partition(">")[0]
            waiting = self.server.refusals.get(address)
            if waiting:
                return waiting.pop(0)
        return "250 fine"

    def _content(self) -> bytes:
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line.removeprefix(b"."))
        return b"".join(lines)

    def _say(self, text: str) -> None:
        self.wfile.write(text.encode() + b"\r\n")


class Mailbox(socketserver.ThreadingTCPServer):
    """`refusals` are answers to the next tries for an address, `delay` the seconds before the greeting."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Session)
        self.mails: list[EmailMessage] = []
        self.logins: list[list[str]] = []
        self.refusals: dict[str, list[str]] = {}
        self.delay = 0.0
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.server_address[1]}"

    def to(self, address: str) -> list[EmailMessage]:
        return [mail for mail in self.mails if mail["To"] == address]

    def wait_for(self, address: str, count: int = 1, seconds: float = 5) -> list[EmailMessage]:
        deadline = time.monotonic() + seconds
        while len(self.to(address)) < count and time.monotonic() < deadline:
            time.sleep(0.02)
        return self.to(address)
