"""One file per type of field device: bytes to values."""
