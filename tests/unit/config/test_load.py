"""Which sources a configuration is read from, in which order, and that all their errors come at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from platformctl.config.load import load
from platformctl.errors import ConfigError


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    here = tmp_path / "shop"
    here.mkdir()
    monkeypatch.chdir(here)
    return here


def write(file: Path, text: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def refusal(environment: str = "local", file: Path | None = None, **environ: str) -> ConfigError:
    with pytest.raises(ConfigError) as refused:
        load(file, environment, environ)
    return refused.value


def test_errors_of_file_overlay_and_variables_come_at_once_in_order(folder: Path) -> None:
    write(folder / "platform.yaml", "gateway:\n  docs: no\n  prot: 1\n")
    write(folder / "environments/staging.yaml", "drain_seconds: 0\n")
    error = refusal("staging", PLATFORMCTL__GATEWAY__PORT="many", PLATFORMCTL__NOTHING="1")
    assert error.message == "the configuration of environment staging has 5 errors"
    assert error.evidence == (
        "platform.yaml:2:9: gateway.docs: must be true or false, not text",
        "platform.yaml:3:3: gateway.prot: is not a setting; did you mean port?",
        "environments/staging.yaml:1:16: drain_seconds: must be at least 1",
        "PLATFORMCTL__GATEWAY__PORT: gateway.port: must be a whole number, not text",
        "PLATFORMCTL__NOTHING: nothing: is not a setting; known here: "
        "platform, target, protected, drain_seconds, services, database, objects, backup, gateway, mail",
    )
    assert error.fix == "correct what is listed, then: platformctl config check --env staging"


def test_an_error_is_told_even_where_a_later_source_hides_it(folder: Path) -> None:
    write(folder / "platform.yaml", "gateway: {port: many}\n")
    error = refusal(PLATFORMCTL__GATEWAY__PORT="9000")
    assert error.evidence == ("platform.yaml:1:17: gateway.port: must be a whole number, not text",)


def test_errors_are_told_beside_a_file_that_is_not_yaml(folder: Path) -> None:
    write(folder / "platform.yaml", "gateway: [\n")
    assert len(refusal(PLATFORMCTL__GATEWAY__PORT="0").evidence) == 2


def test_a_named_file_that_does_not_exist_is_refused() -> None:
    assert "missing.yaml does not exist" in refusal(file=Path("missing.yaml")).message
    assert "missing.yaml does not exist" in refusal(PLATFORMCTL_FILE="missing.yaml").message


def test_the_other_spelling_of_the_file_is_not_passed_over(folder: Path) -> None:
    write(folder / "platform.yml", "platform: shop\n")
    assert refusal().fix == "mv platform.yml platform.yaml"


@pytest.mark.parametrize("name", ["prod", "", "../staging", "Local", "local\n", "\x1b[31m"])
def test_an_unknown_environment_is_never_local(folder: Path, name: str) -> None:
    write(folder / "environments/staging.yaml", "# as the others\n")
    error = refusal(name)
    assert error.reference == "config/unknown-environment"
    assert error.cause == "known here: local, staging"
    assert "\x1b" not in error.message


def test_an_unknown_environment_is_told_how_it_would_be_added(folder: Path) -> None:
    assert f"platformctl init --env prod (writes {folder}/environments/prod.yaml)" in refusal("prod").fix


def test_an_overlay_that_cannot_be_read_is_refused(folder: Path) -> None:
    (folder / "environments").mkdir()
    (folder / "environments/staging.yaml").symlink_to("nowhere")
    assert refusal("staging").evidence == (
        "environments/staging.yaml: cannot be read: No such file or directory",
    )


def test_a_working_directory_that_is_gone_is_told(folder: Path) -> None:
    folder.rmdir()
    assert refusal().message == "the working directory cannot be used"


def test_backups_inside_the_state_are_refused(folder: Path) -> None:
    error = refusal(XDG_STATE_HOME=str(folder), PLATFORMCTL__OBJECTS__DIRECTORY="platformctl/shop/local")
    assert "inside the state directory" in error.message


def test_a_relative_path_starts_at_the_folder_of_the_file(folder: Path) -> None:
    tls = "{certificate: tls/a.pem, key: /elsewhere/a.key}"
    write(folder / "sub/platform.yaml", f"objects: {{directory: kept}}\ngateway: {{tls: {tls}}}\n")
    config = load(Path("sub/platform.yaml"), "local", {}).config
    assert config.objects.directory == str(folder / "sub/kept")
    assert config.gateway.tls.certificate == str(folder / "sub/tls/a.pem")
    assert config.gateway.tls.key == "/elsewhere/a.key"


def test_without_a_file_everything_has_its_default(folder: Path) -> None:
    loaded = load(None, "local", {})
    assert (loaded.config.platform, loaded.config.target, loaded.environment) == ("shop", "local", "local")
    assert loaded.config.services["items"].replicas == 2
    assert loaded.provenance == {"platform": "folder name"}


def test_writing_a_first_file_does_not_make_the_origin_another_one(folder: Path) -> None:
    before = load(None, "local", {}).origin
    write(folder / "platform.yaml", "platform: shop\n")
    assert load(None, "local", {}).origin == before == folder / "platform.yaml"


def test_a_later_source_wins_setting_by_setting(folder: Path) -> None:
    write(
        folder / "platform.yaml",
        "gateway: {port: 9000, trusted_hops: 1, hosts: [a.org, b.org]}\ndrain_seconds: 5\n",
    )
    write(folder / "environments/staging.yaml", "gateway:\n  trusted_hops: 2\n  hosts: [c.org]\n")
    loaded = load(None, "staging", {"PLATFORMCTL__DRAIN_SECONDS": "7"})
    gateway = loaded.config.gateway
    assert (gateway.port, gateway.trusted_hops, gateway.hosts) == (9000, 2, ("c.org",))
    assert loaded.config.drain_seconds == 7
    assert loaded.provenance["gateway.port"] == "platform.yaml:1"
    assert loaded.provenance["gateway.trusted_hops"] == "environments/staging.yaml:2"
    assert loaded.provenance["gateway.hosts"] == "environments/staging.yaml:3"
    assert loaded.provenance["drain_seconds"] == "PLATFORMCTL__DRAIN_SECONDS"


def test_an_empty_section_in_an_overlay_changes_nothing(folder: Path) -> None:
    write(folder / "platform.yaml", "gateway: {port: 9000}\n")
    write(folder / "environments/staging.yaml", "gateway:\n")
    loaded = load(None, "staging", {})
    assert loaded.config.gateway.port == 9000
    assert loaded.provenance["gateway.port"] == "platform.yaml:1"


def test_an_overlay_lies_beside_the_named_file(folder: Path) -> None:
    file = write(folder / "elsewhere/other.yaml", "drain_seconds: 5\n")
    write(folder / "elsewhere/environments/staging.yaml", "drain_seconds: 6\n")
    loaded = load(file, "staging", {})
    assert (loaded.config.drain_seconds, loaded.config.platform) == (6, "elsewhere")
    assert loaded.origin == file


def test_a_relative_directory_for_backups_starts_at_the_file(folder: Path) -> None:
    file = write(folder / "elsewhere/other.yaml", "objects: {directory: backups}\n")
    assert load(file, "local", {}).config.objects.directory == str(folder / "elsewhere/backups")


def test_a_changed_folder_name_is_told(folder: Path) -> None:
    write(folder / "My Shop/platform.yaml", "drain_seconds: 5\n")
    loaded = load(folder / "My Shop/platform.yaml", "local", {})
    assert loaded.config.platform == "my-shop"
    assert loaded.provenance["platform"] == "folder name 'My Shop' as a DNS label"


def test_an_overlay_may_keep_backups_in_a_bucket_where_others_have_a_directory(folder: Path) -> None:
    write(folder / "platform.yaml", "objects: {directory: kept}\n")
    overlay = write(folder / "environments/prod.yaml", "objects: {kind: s3, bucket: shop-backups}\n")
    assert "objects.directory is set" in refusal("prod").evidence[0]
    overlay.write_text("objects: {kind: s3, bucket: shop-backups, directory: null}\n")
    assert load(None, "prod", {}).config.objects.bucket == "shop-backups"


def test_half_of_a_bucket_may_stand_in_each_file(folder: Path) -> None:
    write(folder / "platform.yaml", "objects: {bucket: shop-backups}\n")
    write(folder / "environments/prod.yaml", "objects: {kind: s3}\n")
    assert load(None, "prod", {}).config.objects.kind == "s3"
