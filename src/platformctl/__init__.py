"""platformctl: one command line for the whole life of a service platform."""
