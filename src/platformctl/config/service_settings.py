"""The configuration in the words of docs/service-runtime.md: environment variables of a service, no secrets.

Addresses, keys and passwords are the target's to add; every target starts from this mapping.
"""

from __future__ import annotations

from platformctl.config.schema import PlatformConfig, ServiceName


def service_settings(config: PlatformConfig, service: ServiceName) -> dict[str, str]:
    """Variables that `service` gets from the configuration alone."""
    chosen = config.services[service]
    settings = {
        "LOG_LEVEL": chosen.log_level,
        "DRAIN_SECONDS": str(config.drain_seconds),
    }
    if service != "gateway":
        settings["POOL_SIZE"] = str(config.database.connections)
    else:
        settings |= _gateway(config)
    if service == "auth" and config.mail.smtp and config.mail.sender:
        settings |= {"SMTP_URL": config.mail.smtp, "MAIL_FROM": config.mail.sender}
    if service == "auth" and config.mail.public_url:
        settings["PUBLIC_URL"] = config.mail.public_url
    return settings


def _gateway(config: PlatformConfig) -> dict[str, str]:
    gateway, tls = config.gateway, config.gateway.tls
    secure = {"TLS_CERTIFICATE": tls.certificate, "TLS_KEY": tls.key} if tls.certificate and tls.key else {}
    return secure | {
        "LIMIT_AVERAGE": str(gateway.limit.average),
        "LIMIT_BURST": str(gateway.limit.burst),
        "LOGIN_LIMIT_AVERAGE": str(gateway.login_limit.average),
        "LOGIN_LIMIT_BURST": str(gateway.login_limit.burst),
        "TRUSTED_HOPS": str(gateway.trusted_hops),
        "HOSTS": ",".join(gateway.hosts),
        "CORS_ORIGINS": ",".join(gateway.cors),
        "DOCS": "true" if gateway.docs else "false",
        "REPLICAS": str(config.services["gateway"].replicas),
    }
