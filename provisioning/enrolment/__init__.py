"""Where a gateway with a network gets its certificate: over TLS, in the shape of RFC 7030."""
