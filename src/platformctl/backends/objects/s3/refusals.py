"""What boto3 raises, in our words: what failed, the state things are in now, and the next command."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from platformctl.backends.objects.s3.attempts import code_of, failures, may_pass, message_of, status_of
from platformctl.backends.objects.s3.identity import Identity
from platformctl.errors import BackupError, PlatformError, PreconditionError

UNCHANGED = "What was stored before is unchanged."
ABSENT = f"{UNCHANGED[:-1]}; the object does not exist."
UNKNOWN = f"{UNCHANGED} Whether the object exists is not known."
MISSING = {"NoSuchKey", "NotFound", "404"}  # an answer without a body has only its number
EXISTS = {"PreconditionFailed", "412"}
ELSEWHERE = {"PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "301"}
UNKNOWN_CREDENTIALS = {"ExpiredToken", "InvalidToken", "TokenRefreshRequired"}  # told with 400


@contextmanager
def told(identity: Identity, words: str, state: str = "") -> Iterator[None]:
    """`words` say what was asked; `state` is what a failure leaves, which only a writer can know."""
    try:
        yield
    except failures() as error:
        raise refusal(error, identity, words, state) from error


def refusal(error: Exception, identity: Identity, words: str, state: str = "") -> PlatformError:
    code = code_of(error)
    if code == "NoSuchBucket" or code in ELSEWHERE:
        return _no_bucket(error, identity)
    if _not_let_in(error):
        return PreconditionError(
            f"the {identity.role} of backups may not {words}",
            cause=_cause(error),
            state="",
            fix="correct the credentials (AWS_PROFILE, AWS_ACCESS_KEY_ID, the role's rights or "
            f"objects.profiles.{identity.role}), then: platformctl backup list",
            reference="objects/auth",
        )
    if code in MISSING:
        return BackupError(
            f"could not {words}: it is not there",
            cause=_cause(error),
            fix="platformctl backup verify --all",
            reference="objects/missing",
        )
    if may_pass(error) or not code:
        # who has begun to write knows more than that nothing was touched
        kind = BackupError if state else PreconditionError
        return kind(
            f"could not {words}: the object store cannot be reached, or is overloaded",
            cause=_cause(error),
            state=state,
            fix="check objects.endpoint, objects.region and the network, then run the same command again",
            reference="objects/unreachable",
        )
    return BackupError(
        f"could not {words}: the object store refuses",
        cause=_cause(error),
        state=state,
        fix="platformctl config show, and compare its objects section with what the store allows",
        reference="objects/refused",
    )


def _no_bucket(error: Exception, identity: Identity) -> PlatformError:
    found = "is not there" if code_of(error) == "NoSuchBucket" else "is in another region"
    return PreconditionError(
        f"the bucket {identity.bucket} {found}",
        cause=_cause(error),
        state="",
        fix="correct objects.bucket, objects.region or objects.endpoint, then: platformctl backup list",
        reference="objects/bucket",
    )


def _not_let_in(error: Exception) -> bool:
    import botocore.exceptions as raised

    return (
        status_of(error) in (401, 403)
        or code_of(error) in UNKNOWN_CREDENTIALS
        or isinstance(
            error,
            raised.NoCredentialsError
            | raised.PartialCredentialsError
            | raised.CredentialRetrievalError
            | raised.ProfileNotFound
            | raised.TokenRetrievalError
            | raised.SSOError,
        )
    )


def _cause(error: Exception) -> str:
    """The store's own words when it gave any."""
    if code := code_of(error):
        return f"{code}: {said}" if (said := message_of(error)) else code
    return str(error) or type(error).__name__
