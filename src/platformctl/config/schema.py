"""What a platform's configuration may say: one frozen model a section, every field described.

Validation, reference, example and JSON Schema all come from here; reading files belongs in load.py.
The section `objects` is in objects.py.
"""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from platformctl.config import values
from platformctl.config.objects import Objects
from platformctl.config.section import Section

ServiceName = Literal["auth", "users", "items", "gateway"]
SERVICES: tuple[ServiceName, ...] = get_args(ServiceName)
MOST_REPLICAS = 8


class Service(Section):
    replicas: int = Field(
        2,
        ge=1,
        le=MOST_REPLICAS,
        description="Processes that serve side by side; 1 means a gap while a deploy replaces it.",
        examples=[3],
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="The least severe log line that is written.", examples=["DEBUG"]
    )


class Database(Section):
    version: Literal[16, 18] = Field(
        16,
        description="PostgreSQL's major version. Data once made stays with the version that made it.",
        examples=[18],
    )
    connections: int = Field(
        5,
        ge=2,
        le=20,
        description=(
            "Connections that each process of a service keeps at most; the gateway needs none. "
            "All together must be no more than PostgreSQL grants, which config check counts."
        ),
        examples=[10],
    )


class Keep(Section):
    last: int = Field(
        2, ge=2, le=1000, description="Of the newest backups, however close together.", examples=[5]
    )
    daily: int = Field(7, ge=0, le=1000, description="Days that keep their newest backup.", examples=[14])
    weekly: int = Field(4, ge=0, le=1000, description="Weeks that keep their newest backup.", examples=[8])
    monthly: int = Field(6, ge=0, le=1000, description="Months that keep their newest backup.", examples=[12])


class Backup(Section):
    key: Annotated[str, AfterValidator(values.file)] | None = Field(
        None,
        description=(
            "The file with the key that opens backups; a relative path starts at this file's folder. "
            "Without it: one beside the environment's state, made with the first backup."
        ),
        examples=["/media/usb/backup.key"],
    )
    recipients: tuple[Annotated[str, AfterValidator(values.recipient)], ...] = Field(
        (),
        strict=False,
        max_length=20,
        description="Further age recipients whose keys open every new backup, such as one kept offline.",
        examples=[["age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"]],
    )
    signers: tuple[Annotated[str, AfterValidator(values.signer)], ...] = Field(
        (),
        strict=False,
        max_length=20,
        description="Further signers whose backups are believed, besides those that the key file names.",
        examples=[["ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="]],
    )
    metrics: Annotated[str, AfterValidator(values.file)] | None = Field(
        None,
        description=(
            "A file for node_exporter's textfile collector, written after each backup and prune; a relative "
            "path starts at this file's folder. Alert when its last success is old, and when it is absent."
        ),
        examples=["/var/lib/node_exporter/platformctl.prom"],
    )
    schedule: tuple[Annotated[str, AfterValidator(values.time_of_day)], ...] = Field(
        ("02:00",),
        strict=False,
        max_length=24,
        description=(
            "The times of the day, in the machine's own zone, at which `backup schedule` has cron or systemd "
            "make backups."
        ),
        examples=[["02:00", "14:00"]],
    )
    drill_days: int = Field(
        7,
        ge=1,
        le=365,
        description="Days after a drill that passed until `backup drill --all-due` drills again.",
        examples=[1],
    )
    point_in_time: bool = Field(
        False,
        description=(
            "Also keep a copy of the database server of each day and its write-ahead log since, so that "
            "`restore --at` can go back to any moment of the last `backup.keep.daily` days. They lie on this "
            "machine, unencrypted as the data itself, so they are for mistakes and are no backup. `up` "
            "restarts PostgreSQL to turn it on. Turned off, what is there stays until you delete it, as "
            "`doctor` says. Not with version 18, which cannot verify base backups here."
        ),
        examples=[True],
    )
    keep: Keep = Field(
        default_factory=Keep, description="What `backup prune` keeps; damaged ones never count."
    )

    @field_validator("schedule")
    @classmethod
    def _at_some_time(cls, times: tuple[str, ...]) -> tuple[str, ...]:
        """Not min_length, which is told of one wrong time too."""
        if not times:
            raise ValueError("must name at least one time of the day")
        return times


class Limit(Section):
    average: int = Field(
        50,
        ge=1,
        le=1_000_000,
        description="Requests a second from one client address.",
        examples=[100],
    )
    burst: int = Field(
        25, ge=1, le=1_000_000, description="Requests that may come at once above the average.", examples=[50]
    )


class LoginLimit(Section):
    average: int = Field(
        5,
        ge=1,
        le=1_000_000,
        description="Logins, sign-ups and password recoveries a second from one client address.",
        examples=[10],
    )
    burst: int = Field(
        10,
        ge=1,
        le=1_000_000,
        description="Logins, sign-ups and recoveries that may come at once above the average.",
        examples=[20],
    )


class Tls(Section):
    certificate: Annotated[str, AfterValidator(values.file)] | None = Field(
        None,
        description=(
            "The gateway's certificate in PEM, followed by those that signed it; a relative path starts at "
            "this file's folder. With it the gateway speaks https alone; a renewed one needs no restart."
        ),
        examples=["tls/certificate.pem"],
    )
    key: Annotated[str, AfterValidator(values.file)] | None = Field(
        None,
        description="The certificate's private key in PEM, unencrypted, readable by you alone.",
        examples=["tls/key.pem"],
    )

    @model_validator(mode="after")
    def _both_or_none(self) -> Tls:
        if (self.certificate is None) != (self.key is None):
            named, other = ("key", "certificate") if self.certificate is None else ("certificate", "key")
            raise PydanticCustomError(
                "incomplete", f"gateway.tls.{named} is set, so gateway.tls.{other} must be set too"
            )
        return self


class Gateway(Section):
    port: int = Field(
        8080,
        ge=1,
        le=65535,
        description="Port on 127.0.0.1; when something else has it, the next free one is taken and told.",
        examples=[9000],
    )
    limit: Limit = Field(default_factory=Limit, description="How often a client may ask for anything.")
    login_limit: LoginLimit = Field(
        default_factory=LoginLimit, description="How often a client may try to log in."
    )
    tls: Tls = Field(default_factory=Tls, description="What the gateway speaks https with, if at all.")
    trusted_hops: int = Field(
        0,
        ge=0,
        le=16,
        description="Proxies before the gateway whose X-Forwarded-For entry is believed; 0 believes none.",
        examples=[1],
    )
    hosts: tuple[Annotated[str, AfterValidator(values.host)], ...] = Field(
        (),
        strict=False,
        max_length=100,
        description="Host names that are answered; with none listed, every name is.",
        examples=[["api.example.org"]],
    )
    cors: tuple[Annotated[str, AfterValidator(values.origin)], ...] = Field(
        (),
        strict=False,
        max_length=100,
        description="Origins whose pages may call the API from a browser; with none listed, no origin may.",
        examples=[["https://www.example.org"]],
    )
    docs: bool = Field(True, description="Whether /docs and /openapi.json are open.", examples=[False])


class Mail(Section):
    smtp: Annotated[str, AfterValidator(values.smtp)] | None = Field(
        None,
        description=(
            "The mail server, smtp://[user@]host[:port] or smtps://…; without it no mail is sent. "
            "The password is the secret auth/SMTP_PASSWORD and never stands here."
        ),
        examples=["smtp://mailer@mail.example.org:587"],
    )
    sender: Annotated[str, AfterValidator(values.address)] | None = Field(
        None,
        alias="from",
        description="The address that mail comes from; needed as soon as mail.smtp is set.",
        examples=["no-reply@example.org"],
    )
    public_url: Annotated[str, AfterValidator(values.base_url)] | None = Field(
        None,
        description="What links in mails begin with. Without it: the gateway's own address.",
        examples=["https://www.example.org"],
    )

    @model_validator(mode="after")
    def _a_server_needs_a_sender(self) -> Mail:
        if self.smtp is not None and self.sender is None:
            raise PydanticCustomError("incomplete", "mail.smtp is set, so mail.from must be set too")
        return self


class PlatformConfig(Section):
    platform: Annotated[str, AfterValidator(values.label)] = Field(
        "platform",
        description="Prefix of every name that is made. Without it: the folder's name as a DNS label.",
        examples=["shop"],
        json_schema_extra={"pattern": f"^{values.LABEL.pattern}$"},
    )
    target: Literal["local"] = Field(
        "local",
        description="Where the platform runs: local is this machine. This release knows no other target.",
        examples=["local"],
    )
    protected: bool = Field(
        False,
        description="Whether what is only for tests is refused here: verify --abuse and verify --fuzz.",
        examples=[True],
    )
    drain_seconds: int = Field(
        10,
        ge=1,
        le=300,
        description="Seconds that a process which is being replaced may take to answer what it has begun.",
        examples=[30],
    )
    services: dict[ServiceName, Service] = Field(
        default_factory=dict, validate_default=True, description="Settings of each service, by its name."
    )
    database: Database = Field(default_factory=Database, description="The PostgreSQL that the services use.")
    objects: Objects = Field(default_factory=Objects, description="Where backups are kept.")
    backup: Backup = Field(default_factory=Backup, description="How backups are made and kept.")
    gateway: Gateway = Field(default_factory=Gateway, description="The one address that clients talk to.")
    mail: Mail = Field(default_factory=Mail, description="Outgoing mail, for password recovery.")

    @field_validator("services", mode="before")
    @classmethod
    def _every_service_runs(cls, given: object) -> object:
        if given is None:
            given = {}
        return dict.fromkeys(SERVICES) | given if isinstance(given, dict) else given
