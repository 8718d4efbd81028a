"""platformctl with a runner that breaks as planned: python -m tests.faults.driver PLAN VERB ..."""

from __future__ import annotations

import json
import sys

from platformctl import cli
from tests.faults.runner import FaultRunner, Plan


def main() -> int:
    plan = Plan(**json.loads(sys.argv[1]))
    return cli.main(sys.argv[2:], make_runner=lambda record: FaultRunner(record, plan))


if __name__ == "__main__":
    sys.exit(main())
