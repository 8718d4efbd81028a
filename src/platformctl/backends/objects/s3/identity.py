"""The three who may use a bucket, each with rights of its own: who writes cannot delete."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from platformctl.backends.objects.s3.attempts import attempts
from platformctl.backends.objects.s3.limits import Limits
from platformctl.config.objects import Objects

Role = Literal["writer", "reader", "pruner"]
CONNECT_TIMEOUT = 5.0  # seconds
Connect = Callable[[str | None], Any]


class Identity:
    """Asks the store in one role; the connection is made when it is first needed."""

    def __init__(self, role: Role, config: Objects, connect: Connect, limits: Limits) -> None:
        self.role = role
        self.bucket = config.bucket or ""
        self._profile: str | None = getattr(config.profiles, role)
        self._connect = connect
        self._limits = limits

    def ask(self, operation: str, *, patience: float | None = None, **parameters: Any) -> dict[str, Any]:
        """The answer to one request, which is repeated while its failure may pass; raises what boto3 does."""
        patience = self._limits.patience if patience is None else patience
        for attempt in attempts(patience, self._limits.wait):
            with attempt:
                return self.once(operation, **parameters)
        raise AssertionError("the last failure is raised")

    def once(self, operation: str, **parameters: Any) -> dict[str, Any]:
        request = getattr(self._connect(self._profile), operation)
        return dict(request(Bucket=self.bucket, **parameters))


def connected(config: Objects, limits: Limits, profile: str | None) -> Any:
    """A client that repeats nothing by itself and adds no checksums that a vendor might not know.

    Credentials come from boto3's own chain: the environment, a profile, or the machine's role.
    """
    import boto3
    from botocore.config import Config

    session = boto3.session.Session(profile_name=profile)
    settings = Config(
        retries={"total_max_attempts": 1},
        connect_timeout=min(CONNECT_TIMEOUT, limits.timeout),
        read_timeout=limits.timeout,
        tcp_keepalive=True,
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        # few vendors have a name in the DNS for each bucket
        s3={"addressing_style": "path"} if config.endpoint else {},
    )
    return session.client("s3", endpoint_url=config.endpoint, region_name=config.region, config=settings)
