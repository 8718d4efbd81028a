"""`python -m platformctl` and the entry point: answers --version before anything is imported."""

import os
import sys


def main() -> int:
    _reopen()
    if sys.argv[1:] == ["--version"]:
        from platformctl.version import VERSION

        sys.stdout.write(f"platformctl {VERSION}\n")
        return 0
    from platformctl.shell import signals

    signals.end_at_once()
    from platformctl import cli

    return cli.main()


def _reopen() -> None:
    """A stream that was closed before the start (`>&-`) is None to Python; lead it to nowhere."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:  # the lowest free descriptor is then its own
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode))


if __name__ == "__main__":
    sys.exit(main())
