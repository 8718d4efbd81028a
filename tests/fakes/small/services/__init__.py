"""Four tiny services under the contract of docs/service-runtime.md, for tests of what starts them."""
