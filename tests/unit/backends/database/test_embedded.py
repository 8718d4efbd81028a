from __future__ import annotations

import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from pydantic import SecretStr

from platformctl.backends.database import files
from platformctl.backends.database.embedded import EmbeddedDatabase
from platformctl.errors import DatabaseError, PreconditionError, StateError
from platformctl.events import Narrated
from platformctl.operations.context import Context
from platformctl.shell.rehearsal import RehearsalRunner
from platformctl.shell.runner import RealRunner
from platformctl.tools import dumps, postgres
from tests.database import Starter, database, free_port, run
from tests.support import Heard


@pytest.fixture
def starter() -> Iterator[Starter]:
    made = Starter()
    yield made
    made.stop()


@pytest.fixture
def own(starter: Starter) -> Iterator[EmbeddedDatabase]:
    """A database that was never started."""
    with tempfile.TemporaryDirectory(prefix="pctl-", dir="/tmp") as folder:
        runner = RealRunner(lambda words, outcome: None)
        yield database(Path(folder), starter, runner, port=free_port(), name="platform")
        starter.stop()


def test_it_is_made_on_first_use_and_found_the_second_time(own: EmbeddedDatabase, starter: Starter) -> None:
    own.start()
    own.prepare(("auth", "items"))
    first = own.server()
    starter.stop()
    own.start()
    own.prepare(("auth", "items"))
    assert own.server() == first
    assert first.major == 16


def test_an_unknown_locale_in_the_environment_does_not_matter(
    own: EmbeddedDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "xx_XX.UTF-8")
    monkeypatch.setenv("LANG", "xx_XX.UTF-8")
    own.start()
    own.prepare(("items",))
    assert own.properties("platform").collate == "C"


def test_an_initdb_that_was_killed_is_done_again(own: EmbeddedDatabase) -> None:
    left = own.data.with_name("postgres.making-1")
    (left / "base").mkdir(parents=True)
    (left / "PG_VERSION").write_text("16\n")
    own.start()
    assert own.answers()
    assert not left.exists()


def test_a_directory_with_other_content_is_never_initialised(own: EmbeddedDatabase) -> None:
    own.data.mkdir()
    (own.data / "thesis.txt").write_text("mine")
    with pytest.raises(StateError, match="no PostgreSQL data"):
        own.start()
    assert [each.name for each in own.data.iterdir()] == ["thesis.txt"]


def test_data_of_another_major_version_is_refused_with_the_fix(own: EmbeddedDatabase) -> None:
    own.data.mkdir()
    (own.data / "PG_VERSION").write_text("18\n")
    with pytest.raises(StateError) as raised:
        own.start()
    assert raised.value.reference == "database/version"
    assert raised.value.state == "The database was not touched."
    assert "set database.version to 18" in raised.value.fix


def test_too_full_a_disk_is_told_in_bytes(tmp_path: Path) -> None:
    with pytest.raises(PreconditionError) as raised:
        files.require_room(tmp_path / "a" / "b", 1 << 60, "a new database", "free some space")
    assert raised.value.reference == "disk/full"
    assert f"{1 << 60:,} bytes are needed" in raised.value.cause


def test_a_role_sees_its_own_schema_and_no_other(server: EmbeddedDatabase) -> None:
    server.prepare(("auth", "items"))
    with psycopg.connect(server.url("auth"), autocommit=True) as connection:
        assert connection.execute("SHOW search_path").fetchone() == ("auth",)
        connection.execute("CREATE TABLE mine (a int)")
        connection.execute("DROP TABLE auth.mine")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("CREATE TABLE items.theirs (a int)")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("CREATE TABLE public.theirs (a int)")


@pytest.mark.parametrize("other", ["postgres", "template1"])
def test_a_role_connects_to_no_other_database(server: EmbeddedDatabase, other: str) -> None:
    server.prepare(("auth",))
    with pytest.raises(psycopg.OperationalError, match="permission denied"):
        psycopg.connect(server.url("auth").replace("/platform", f"/{other}"))


def test_nobody_connects_without_a_password(server: EmbeddedDatabase) -> None:
    for host in ("127.0.0.1", str(server.sockets)):
        with pytest.raises(psycopg.OperationalError, match=r"password"):
            psycopg.connect(host=host, port=server.instance.port, user="platform", dbname="platform")


def test_a_role_with_another_password_gets_the_stored_one(environment: Callable[[], Context]) -> None:
    ctx = environment()
    ctx.backends.database.prepare(("odd",))
    run(ctx, "ALTER ROLE odd PASSWORD 'changed by hand'")
    ctx.backends.database.prepare(("odd",))
    with psycopg.connect(ctx.backends.database.url("odd")) as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("odd",)


def test_a_role_that_may_not_log_in_is_told_in_the_servers_words(environment: Callable[[], Context]) -> None:
    ctx = environment()
    ctx.backends.database.prepare(("shut",))
    run(ctx, "ALTER ROLE shut NOLOGIN")
    with pytest.raises(DatabaseError) as raised:
        ctx.backends.database.prepare(("shut",))
    assert "not permitted to log in" in raised.value.cause


@pytest.mark.parametrize(
    "refers",
    [
        'ALTER DATABASE "{db}" OWNER TO {role}',
        'GRANT CONNECT ON DATABASE "{db}" TO {role}',
        'ALTER ROLE {role} IN DATABASE "{db}" SET work_mem = 64',
        "CREATE TABLE items.owned (); ALTER TABLE items.owned OWNER TO {role}",
        "GRANT SELECT ON items.items TO {role}",
        "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO {role}",
        "CREATE POLICY mine ON items.items TO {role}",
    ],
)
def test_the_roles_of_a_database_are_those_that_it_refers_to(environment: object, refers: str) -> None:
    ctx: Context = environment()  # type: ignore[operator]
    database, role = ctx.backends.database, f"r{secrets.token_hex(4)}"
    run(ctx, f"CREATE ROLE {role}")
    assert database.properties(database.name).roles == ("auth", "items", "platform", "users")
    run(ctx, refers.format(db=database.name, role=role))
    found = database.properties(database.name)
    assert role in found.roles
    assert found.role_attributes[role] == ()
    assert found.role_attributes["auth"] == ("LOGIN",)
    run(ctx, f'ALTER DATABASE "{database.name}" OWNER TO platform')
    run(
        ctx,
        f'DROP OWNED BY {role}; ALTER ROLE {role} IN DATABASE "{database.name}" RESET ALL; DROP ROLE {role}',
    )


def test_no_password_is_in_any_command(server: EmbeddedDatabase) -> None:
    password = SecretStr("canary-pw")
    commands = (
        postgres.initdb(16, server.data, password),
        dumps.dump(server.instance, "platform", "0-1", password),
        dumps.schema_text(server.instance, "platform", password, None),
        dumps.restore(server.instance, "platform", password, dumps.ROWS),
    )
    assert not [each for each in commands if "canary-pw" in " ".join(each.argv)]


def test_a_rehearsal_of_the_first_start_tells_all_and_makes_nothing(tmp_path: Path) -> None:
    class Silent(Starter):
        def start(self, program: str) -> None: ...

    heard = Heard()
    made = database(tmp_path, Silent(), RehearsalRunner(heard), port=1, name="platform")
    made.start()
    made.prepare(("auth",))
    words = " ".join(each.words for each in heard.of(Narrated))
    assert "initdb" in words
    assert "create the role auth" in words
    assert os.listdir(tmp_path) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs the user namespace")
def test_root_starts_the_server_in_a_user_namespace(server: EmbeddedDatabase) -> None:
    assert postgres.server(server.instance).argv[0] == "unshare"
    assert (server.data / "PG_VERSION").stat().st_uid == 0


WITHOUT_NAMESPACES = """
echo 0 > /proc/sys/user/max_user_namespaces || exit 77
exec "$0" -c '
import sys
from pathlib import Path
from platformctl.errors import PreconditionError
from platformctl.shell.runner import RealRunner
from tests.database import Starter, database
made = database(Path(sys.argv[1]), Starter(), RealRunner(print), port=1, name="platform")
try:
    made.start()
except PreconditionError as error:
    print(error.reference, error.fix)
' "$1"
"""


def test_root_without_user_namespaces_is_told_the_way_out(tmp_path: Path) -> None:
    inside = (
        "unshare",
        "--user",
        "--map-root-user",
        "sh",
        "-c",
        WITHOUT_NAMESPACES,
        sys.executable,
        tmp_path,
    )
    ended = subprocess.run(inside, capture_output=True, text=True, cwd=Path(__file__).parents[4])
    if ended.returncode == 77 or "unshare" in ended.stderr:
        pytest.skip("this system lets no test forbid user namespaces")
    assert "database/root run platformctl as another user" in ended.stdout, ended.stderr
    assert os.listdir(tmp_path) == []
