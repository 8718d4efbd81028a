"""Signing in and out: access tokens, refresh families, resets and what has been revoked."""
