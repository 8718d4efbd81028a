"""Over a bad road an object arrives whole or not at all, and what is told of it is true."""

from __future__ import annotations

import random
import socket
import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from platformctl.backends.objects.s3.store import S3Objects
from platformctl.errors import BackupError, ExitCode, PlatformError, PreconditionError
from tests.failures import told as shown
from tests.s3 import (
    SMALL,
    Asked,
    Bucket,
    Fault,
    breaks_off,
    drips,
    ends_early,
    forgets,
    loses_the_answer,
    loses_the_request,
    names_another_etag,
    refuses,
)

KEY = "shop/local/77/b1/data"
CONTENT = random.Random(2).randbytes(2_300)
SHORT = CONTENT[:100]
HASTY = replace(SMALL, patience=0.1)
SLOW_DOWN = refuses(503, "SlowDown", "Please reduce your request rate.")
AGAIN = {
    "slow down": SLOW_DOWN,
    "too many requests": refuses(429, "TooManyRequests"),
    "internal error": refuses(500, "InternalError"),
    "request lost": loses_the_request,
    "answer lost": loses_the_answer,
}


def put(objects: S3Objects, content: bytes = CONTENT) -> None:
    with objects.writer(KEY) as target:
        target.write(content)


def read(objects: S3Objects) -> bytes:
    with objects.reader(KEY) as source:
        return source.read()


def anything(_asked: Asked) -> bool:
    return True


def publishes(asked: Asked) -> bool:
    return asked.completes or (asked.writes and "uploadId" not in asked.path)


def refusal(act: Callable[[], object]) -> PlatformError:
    with pytest.raises(PlatformError) as raised:
        act()
    assert "platformctl" in raised.value.fix or "same command again" in raised.value.fix
    return raised.value


@pytest.mark.parametrize("fault", AGAIN.values(), ids=AGAIN)
@pytest.mark.parametrize("content", [SHORT, CONTENT], ids=["short", "long"])
def test_each_request_of_a_write_is_repeated_until_it_succeeds(
    bucket: Bucket, content: bytes, fault: Fault
) -> None:
    """Also when the store had done it and nobody heard: then the second attempt is refused as a second."""
    for those in (publishes, lambda asked: asked.writes, lambda asked: "?uploads" in asked.path):
        bucket.road.expect(those, fault)
    bucket.road.expect(lambda asked: asked.method == "HEAD", fault)
    put(bucket.objects(), content)
    assert bucket.content(KEY) == content


@pytest.mark.parametrize("fault", [SLOW_DOWN, loses_the_request], ids=["slow down", "request lost"])
def test_lists_deletions_and_sweeps_are_repeated_until_they_succeed(bucket: Bucket, fault: Fault) -> None:
    objects = bucket.objects()
    put(objects, SHORT)
    for act in (
        lambda: list(objects.list("shop")),
        lambda: objects.sweep("shop"),
        lambda: objects.delete(KEY),
    ):
        bucket.road.expect(anything, fault, times=2)
        act()
    assert bucket.visible() == {}


@pytest.mark.parametrize("fault", [breaks_off, ends_early, loses_the_request, SLOW_DOWN])
def test_a_read_goes_on_at_its_last_good_byte(bucket: Bucket, fault: Fault) -> None:
    put(bucket.objects())
    bucket.road.asked.clear()
    bucket.road.expect(lambda asked: asked.reads, fault, times=3)
    assert read(bucket.objects()) == CONTENT
    ranges = [each.headers["Range"] for each in bucket.road.asked]
    if fault in (breaks_off, ends_early):
        assert ranges[:4] == ["bytes=0-699", "bytes=350-699", "bytes=525-699", "bytes=612-699"]
    assert all("If-Match" in each.headers for each in bucket.road.asked[4:])


def test_a_store_that_only_drips_is_asked_again_for_the_rest_and_then_given_up(bucket: Bucket) -> None:
    put(bucket.objects())
    limits = replace(HASTY, window_time=0.1)
    bucket.road.expect(lambda asked: asked.reads, drips, times=1)
    assert read(bucket.objects(limits=limits)) == CONTENT
    bucket.road.expect(lambda asked: asked.reads, drips, times=99)
    begun = time.monotonic()
    told = refusal(lambda: read(bucket.objects(limits=limits)))
    assert (told.reference, told.exit_code) == ("objects/unreachable", ExitCode.PRECONDITION)
    assert time.monotonic() - begun < 2
    shown(25, told)


def test_an_object_that_is_replaced_while_it_is_read_is_noticed(bucket: Bucket) -> None:
    put(bucket.objects())
    with bucket.objects().reader(KEY) as source:
        source.read(100)
        bucket.true.put_object(Bucket=bucket.name, Key=KEY, Body=CONTENT[::-1])
        told = refusal(source.read)
    assert told.cause == "it was replaced while it was read"
    shown(25, told)


def test_a_write_is_given_up_when_patience_ends_and_leaves_nothing(bucket: Bucket) -> None:
    bucket.road.expect(lambda asked: "partNumber=2" in asked.path, SLOW_DOWN, times=99)
    begun = time.monotonic()
    told = refusal(lambda: put(bucket.objects(limits=HASTY)))
    assert 0.03 < time.monotonic() - begun < 2
    assert (told.reference, told.exit_code) == ("objects/unreachable", ExitCode.FAILED)
    assert told.state == "What was stored before is unchanged; the object does not exist."
    assert told.cause == "SlowDown: Please reduce your request rate."
    shown(6, told)
    assert (bucket.visible(), bucket.unfinished()) == ({}, [])


@pytest.mark.parametrize("status", [200, 500])
def test_an_error_in_the_answer_to_complete_is_an_error_whatever_its_status(
    bucket: Bucket, status: int
) -> None:
    bucket.road.expect(lambda asked: asked.completes, refuses(status, "InternalError"), times=99)
    told = refusal(lambda: put(bucket.objects(limits=HASTY)))
    assert told.reference == "objects/unreachable"
    assert told.state.endswith("the object does not exist.")
    assert (bucket.visible(), bucket.unfinished()) == ({}, [])


def test_an_error_in_a_good_answer_is_asked_about_again(bucket: Bucket) -> None:
    bucket.road.expect(lambda asked: asked.completes, refuses(200, "InternalError"), times=2)
    put(bucket.objects())
    assert bucket.content(KEY) == CONTENT


@pytest.mark.parametrize("content", [SHORT, CONTENT], ids=["short", "long"])
def test_what_the_store_shows_otherwise_than_it_confirmed_is_not_relied_on(
    bucket: Bucket, content: bytes
) -> None:
    bucket.road.expect(publishes, names_another_etag)
    told = refusal(lambda: put(bucket.objects(), content))
    assert told.reference == "objects/unconfirmed"
    assert told.cause.startswith("ETag: ")
    assert "not to be relied on" in told.state
    assert bucket.visible() == {KEY: len(content)}  # whole, and a manifest will never name it


def test_what_the_store_confirmed_and_does_not_have_is_not_relied_on(bucket: Bucket) -> None:
    bucket.road.expect(publishes, forgets)
    told = refusal(lambda: put(bucket.objects(), SHORT))
    assert bucket.visible() == {}
    shown(7, told)


def test_a_write_that_nobody_can_confirm_says_so(bucket: Bucket) -> None:
    bucket.road.expect(lambda asked: asked.method == "HEAD", SLOW_DOWN, times=99)
    told = refusal(lambda: put(bucket.objects(limits=HASTY), SHORT))
    assert told.reference == "objects/unreachable"
    assert told.state.endswith("Whether the object exists is not known.")


@pytest.mark.parametrize(
    "code", ["InvalidAccessKeyId", "SignatureDoesNotMatch", "AccessDenied", "ExpiredToken"]
)
def test_wrong_credentials_are_told_within_two_seconds(bucket: Bucket, code: str) -> None:
    status = 400 if code == "ExpiredToken" else 403
    bucket.road.expect(anything, refuses(status, code, "The reason."), times=99)
    begun = time.monotonic()
    objects = bucket.objects(limits=replace(SMALL, patience=60))
    acts = {"reader": lambda: list(objects.list("shop")), "writer": lambda: put(objects)}
    acts |= {"pruner": lambda: objects.delete(KEY)}
    for role, act in acts.items():
        told = refusal(act)
        assert (told.reference, told.exit_code) == ("objects/auth", ExitCode.PRECONDITION)
        assert told.cause == f"{code}: The reason."
        assert f"objects.profiles.{role}" in told.fix
    assert time.monotonic() - begun < 2
    assert bucket.visible() == {}


def test_a_reader_without_rights_does_not_make_a_written_object_absent(bucket: Bucket) -> None:
    bucket.road.expect(lambda asked: asked.method == "HEAD", refuses(403, "AccessDenied"))
    told = refusal(lambda: put(bucket.objects(), SHORT))
    assert (told.reference, told.message.split()[1]) == ("objects/auth", "reader")
    assert "does not exist" not in told.state
    assert bucket.visible() == {KEY: 100}


def test_a_refusal_is_not_asked_about_twice(bucket: Bucket) -> None:
    bucket.road.expect(lambda asked: asked.writes, refuses(400, "InvalidRequest", "No lock here."))
    told = refusal(lambda: put(bucket.objects(), SHORT))
    assert (told.reference, told.cause) == ("objects/refused", "InvalidRequest: No lock here.")
    assert [each.method for each in bucket.road.asked] == ["PUT", "HEAD"]


def test_a_bucket_of_another_region_is_told(bucket: Bucket) -> None:
    bucket.road.expect(anything, refuses(400, "AuthorizationHeaderMalformed", "expecting 'eu-west-1'"))
    told = refusal(lambda: list(bucket.objects().list("shop")))
    assert (told.reference, "another region" in told.message) == ("objects/bucket", True)


def test_a_store_out_of_reach_is_told_when_patience_ends(bucket: Bucket) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        objects = bucket.objects(limits=HASTY, endpoint=f"http://127.0.0.1:{unused.getsockname()[1]}")
        told = refusal(lambda: list(objects.list("shop")))
        assert isinstance(told, PreconditionError)
        assert told.reference == "objects/unreachable"
        told = refusal(lambda: put(objects, SHORT))
    assert isinstance(told, BackupError | PreconditionError)
    assert told.reference == "objects/unreachable"


def test_an_abort_that_fails_does_not_hide_why(bucket: Bucket) -> None:
    bucket.road.expect(lambda asked: asked.method == "DELETE", refuses(403, "AccessDenied"))

    def fail() -> None:
        with bucket.objects().writer(KEY) as target:
            target.write(CONTENT)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert bucket.objects().sweep("shop/local") == 1
    assert (bucket.visible(), bucket.unfinished()) == ({}, [])


@pytest.mark.parametrize("fault", [refuses(403, "AccessDenied"), loses_the_answer], ids=["refused", "lost"])
@pytest.mark.parametrize("content", [SHORT, CONTENT], ids=["short", "long"])
def test_wherever_a_write_fails_for_good_what_is_told_is_true(
    bucket: Bucket, content: bytes, fault: Fault
) -> None:
    """From request N on all of them fail, for every N; the store is whole again when it is looked at."""
    last = 2 if content is SHORT else 6
    for number in range(1, last + 1):
        bucket.road.asked.clear()
        bucket.road.troubles.clear()
        bucket.road.expect(lambda _asked, n=number: len(bucket.road.asked) >= n, fault, times=999)
        told = refusal(lambda: put(bucket.objects(limits=replace(HASTY, patience=0.05)), content))
        bucket.road.troubles.clear()
        if "does not exist" in told.state:
            assert bucket.visible() == {}, number
        assert bucket.visible() in ({}, {KEY: len(content)}), number
        bucket.objects().sweep("shop/local")
        bucket.objects().delete(KEY)
        assert (bucket.visible(), bucket.unfinished()) == ({}, []), number
