"""What supervisord starts for a service process: reads release and secrets, then becomes the service.

Reading at every start lets one replaced process pick up a new release, and keeps secrets off the disk.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from platformctl.backends.cluster import environment, releases
from platformctl.backends.cluster.layout import Layout
from platformctl.shell.processes import become


def main(root: str, service: str, number: str) -> None:
    """Replace this process by copy `number` of `service`, in the release chosen for it."""
    layout = Layout.of(Path(root), os.environ)
    release = releases.chosen(layout).get(service)
    if release is None:
        sys.exit(f"no release of {service} is chosen: run platformctl up")
    variables = environment.of_service(layout, service, releases.document(layout, release))
    control = layout.control_socket(f"{service}-{number}")
    control.unlink(missing_ok=True)  # a killed process leaves its own behind
    variables["CONTROL_SOCKET"] = str(control)
    become((sys.executable, "-m", "services.common.serve", service), variables)


if __name__ == "__main__":
    main(*sys.argv[1:])
