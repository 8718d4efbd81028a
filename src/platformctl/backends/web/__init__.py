"""Visiting a platform from outside, as its users do: over HTTP, at whatever address."""
