"""Takes away what a run made, and looks whether it is gone."""

from __future__ import annotations

from collections.abc import Iterator

from platformctl.backends.web.protocol import Visit
from platformctl.events import Finding
from platformctl.operations.contract.cast import Cast, Person, log_in
from platformctl.operations.verify_ledger import Ledger
from platformctl.operations.waiting import Clock
from platformctl.tools.http import Answer, UnusableError, api

PAGE, PAGES = 100, 20
CERTAIN = 3  # pages of other users, who signed up meanwhile
ROW = "clean-up"
LATEST = 5.0  # seconds until a request has ended that nobody waits for any more: the gateway's deadline


def clean_up(ledger: Ledger, cast: Cast, clock: Clock) -> Finding:
    """Never raises for what the server does: what could not be deleted is named in the finding."""
    if ledger.unanswered:
        clock.sleep(LATEST)
    root = cast.root if cast.root and cast.root.token else None
    left = (
        _by_superuser(ledger.visit, root, ledger.ids, cast.tag)
        if root
        else _by_themselves(ledger, cast.second_password)
    )
    if root:
        ledger.visit.ask(api("POST", "/login/logout", root.token, {"refresh_token": root.refresh}))
    if not left:
        return Finding(ROW, "pass", "every user of this run is deleted again")
    return Finding(
        ROW,
        "fail",
        f"{len(left)} users of this run are left",
        "\n".join(sorted(left)),
        "delete them as a superuser: DELETE /api/v1/users/{id}",
    )


def _by_superuser(visit: Visit, root: Person, ids: set[str], tag: str) -> list[str]:
    """Whoever has the run's tag in their address; a second look shows whether they are gone."""
    for user in ids:
        visit.ask(api("DELETE", f"/users/{user}", root.token))
    for last in (False, True):
        found = list(_tagged(visit, root, tag))
        if not found or last:
            return [email for email, _ in found]
        for _, user in found:
            if not user or not visit.ask(api("DELETE", f"/users/{user}", root.token)).status:
                break  # nobody answers any more, and asking on would take a timeout each time
    return []


def _tagged(visit: Visit, root: Person, tag: str) -> Iterator[tuple[str, str]]:
    for page in range(PAGES):
        answer = visit.ask(
            api("GET", f"/users/?sorting=-created_at&limit={PAGE}&skip={page * PAGE}", root.token)
        )
        try:
            rows = answer.rows()
        except UnusableError:
            yield f"all of {tag}: the list of users cannot be read ({answer})", ""
            return
        for row in rows:
            if tag in str(row.get("email")).lower():
                yield str(row.get("email")), str(row.get("id"))
        tagged = any(tag in str(row.get("email")).lower() for row in rows)
        if len(rows) < PAGE or (page >= CERTAIN and not tagged):
            return


def _by_themselves(ledger: Ledger, second: str) -> list[str]:
    """Everybody who can still log in deletes themselves."""
    left = []
    for email, password in ledger.made.items():
        answer = _delete(ledger.visit, ledger.tokens.get(email, ""))
        for each in (password, second):
            if answer.status == 200:
                break
            login = ledger.visit.ask(log_in(email, each))
            token = login.document.get("access_token") if isinstance(login.document, dict) else None
            if login.status != 400:
                answer = _delete(ledger.visit, str(token or ""))
                break
            answer = login
        if not answer.status:
            return [f"{each}: {answer}" for each in ledger.made]
        if answer.status not in (200, 400):
            left.append(f"{email}: {answer}")
    return left


def _delete(visit: Visit, token: str) -> Answer:
    return visit.ask(api("DELETE", "/users/me", token)) if token else Answer(401)
