"""The schema of the auth service, step by step."""
