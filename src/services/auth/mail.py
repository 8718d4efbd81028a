"""Outgoing mail; when to send it is the recovery's part."""

from __future__ import annotations

from email.message import EmailMessage
from email.policy import SMTPUTF8
from email.utils import localtime, make_msgid, parseaddr
from urllib.parse import unquote, urlsplit

import aiosmtplib
from pydantic import SecretStr

TIMEOUT_SECONDS = 10
PERMANENT = 500
SUBJECT = "Set a new password"
TEXT = """Somebody, probably you, asked for a new password for this address.

{how}

This works once, within one hour. If it was not you, nothing has to be done.
"""


class Mailer:
    def __init__(self, url: SecretStr, sender: str, public_url: str | None) -> None:
        self._url = url
        self._sender = sender
        self._public_url = public_url

    async def send_recovery(self, recipient: str, token: str) -> None:
        """Raises aiosmtplib.SMTPException or OSError when the mail was not taken."""
        message = EmailMessage(policy=SMTPUTF8)
        message["From"], message["To"], message["Subject"] = self._sender, recipient, SUBJECT
        # Without these many a server takes a mail for rubbish, or answers it with an absence note.
        message["Date"], message["Message-ID"] = localtime(), make_msgid(domain=_domain(self._sender))
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(TEXT.format(how=self._instruction(token)))
        server = urlsplit(self._url.get_secret_value())
        await aiosmtplib.send(
            message,
            hostname=server.hostname,
            port=server.port or (465 if server.scheme == "smtps" else 25),
            username=unquote(server.username) if server.username else None,
            password=unquote(server.password) if server.password else None,
            use_tls=server.scheme == "smtps",
            timeout=TIMEOUT_SECONDS,
        )

    def _instruction(self, token: str) -> str:
        if self._public_url:
            return f"Open {self._public_url.rstrip('/')}/reset-password?token={token}"
        return f"Use this token: {token}"


def _domain(sender: str) -> str:
    return parseaddr(sender)[1].rpartition("@")[2] or "localhost"


def put_off(error: Exception) -> bool:
    """Whether the mail was certainly not taken and may be later; what broke off half-way may have been."""
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        return all(map(put_off, error.recipients))
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return error.code < PERMANENT
    return isinstance(error, aiosmtplib.SMTPConnectError)
