"""Which failures of a request may pass, and how it is repeated: at random moments, until patience ends."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import tenacity

LONGEST_WAIT = 10.0  # seconds; each wait is drawn between 0 and a bound that doubles
PASSING = {"SlowDown", "RequestTimeout", "RequestTimeoutException", "InternalError", "ServiceUnavailable"}
TOO_MANY, NOT_IMPLEMENTED = 429, 501


class BrokenOffError(ConnectionError):
    """An answer that came in part, or too slowly."""


class _Patience:
    """Counts from the first failure, so that a long upload which is broken off has another chance."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._ends: float | None = None

    def __call__(self, state: tenacity.RetryCallState) -> bool:
        now = time.monotonic()
        if self._ends is None:
            self._ends = now + self._seconds
        return now + state.upcoming_sleep > self._ends


def attempts(patience: float, wait: float) -> tenacity.Retrying:
    """Raises the last failure when none of the attempts succeeded within `patience` seconds."""
    import tenacity

    return tenacity.Retrying(
        stop=_Patience(patience),
        wait=tenacity.wait_random_exponential(multiplier=wait, max=LONGEST_WAIT),
        retry=tenacity.retry_if_exception(may_pass),
        reraise=True,
    )


def failures() -> tuple[type[Exception], ...]:
    """Everything that a request, or reading its answer, may raise."""
    import botocore.exceptions
    import botocore.parsers
    import urllib3.exceptions

    return (
        botocore.exceptions.ClientError,
        botocore.exceptions.BotoCoreError,
        botocore.parsers.ResponseParserError,
        urllib3.exceptions.HTTPError,
        BrokenOffError,
    )


def may_pass(error: BaseException) -> bool:
    """The store is overloaded or out of reach; an answer that says no stays a no."""
    import botocore.exceptions
    import botocore.parsers
    import urllib3.exceptions

    if isinstance(error, botocore.exceptions.ClientError):
        status, code = status_of(error), code_of(error)
        return code in PASSING or status == TOO_MANY or (status >= 500 and status != NOT_IMPLEMENTED)
    if isinstance(error, botocore.exceptions.SSLError):  # a certificate that is not believed
        return False
    return isinstance(
        error,
        botocore.exceptions.HTTPClientError
        | botocore.exceptions.IncompleteReadError
        | botocore.parsers.ResponseParserError
        | urllib3.exceptions.HTTPError
        | BrokenOffError,
    )


def code_of(error: BaseException) -> str:
    """The store's own word for what is wrong, '' when the store did not speak."""
    return str(_answer(error).get("Error", {}).get("Code", ""))


def message_of(error: BaseException) -> str:
    return str(_answer(error).get("Error", {}).get("Message", ""))


def status_of(error: BaseException) -> int:
    return int(_answer(error).get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _answer(error: BaseException) -> dict[str, Any]:
    """Failures of the network have such an attribute too, with nothing or something else in it."""
    response = getattr(error, "response", None)
    return response if isinstance(response, dict) else {}
