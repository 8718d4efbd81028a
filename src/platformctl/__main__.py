"""`python -m platformctl` and the entry point: answers --version before anything is imported."""

import sys


def main() -> int:
    if sys.argv[1:] == ["--version"]:
        from platformctl.version import VERSION

        sys.stdout.write(f"platformctl {VERSION}\n")
        return 0
    try:
        from platformctl import cli

        return cli.main()
    except KeyboardInterrupt:  # while modules were being imported, or once more at the very end
        return 130


if __name__ == "__main__":
    sys.exit(main())
