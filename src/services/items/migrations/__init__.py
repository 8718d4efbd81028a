"""The schema of the items service, step by step."""
