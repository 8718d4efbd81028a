"""Every hole in authorization that the campaign tries."""

from __future__ import annotations

from tests.holes.of_accounts import ACCOUNTS, RESOURCES
from tests.holes.of_requests import GATEWAY, REQUESTS
from tests.holes.of_sessions import SIGNING_IN
from tests.holes.of_tokens import ACCESS_TOKENS, CALLERS

HOLES = (*ACCESS_TOKENS, *CALLERS, *RESOURCES, *ACCOUNTS, *SIGNING_IN, *REQUESTS, *GATEWAY)
