"""The gateway: the only service that clients reach; it owns no data."""
