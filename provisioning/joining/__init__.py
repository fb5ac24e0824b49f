"""On the gateway: how it gets its certificate, its settings, and goes to work."""
