"""On the gateway: a new certificate is tried before the old one goes, and the old one ends last."""
