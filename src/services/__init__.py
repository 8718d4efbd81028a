"""The services that platformctl ships and runs."""
