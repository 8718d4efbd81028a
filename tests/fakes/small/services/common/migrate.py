"""Says that the schema is at its head; MIGRATION=fails makes it fail."""

import json
import os
import sys

service, task = sys.argv[1:]
if os.environ.get("MIGRATION") == "fails":
    print("relation already exists", file=sys.stderr)
    sys.exit(1)
print(json.dumps({"service": service, "before": "1", "current": "1", "head": "1", "applied": []}))
