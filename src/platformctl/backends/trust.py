"""Which certificates a client of ours believes, and for which addresses."""

from __future__ import annotations

import ssl
from pathlib import Path

from platformctl.errors import StepError

END = "-----END CERTIFICATE-----"


def pinned(certificate: str) -> ssl.SSLContext:
    """Believes exactly the first certificate of this file, which is the gateway's own, and no authority.

    The certificate is made out to the name that clients use, and we ask at 127.0.0.1. So the name is not
    compared; that nobody else has the key of this very certificate takes its place.
    Raises StepError when the file cannot be used.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = False
    context.verify_mode = ssl.CERT_REQUIRED
    # whoever signed it need not be known
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    try:
        first, end, _ = Path(certificate).read_text("ascii", errors="ignore").partition(END)
        context.load_verify_locations(cadata=first + end)
    except (OSError, ValueError) as error:
        raise StepError(
            f"the gateway's certificate {certificate} cannot be used",
            cause=str(error),
            state="Nothing was asked.",
            fix="platformctl config check",
            reference="gateway/certificate",
        ) from error
    return context
