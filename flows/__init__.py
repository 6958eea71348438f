"""When: Prefect flows, the store, Label Studio, settings and the command line."""
