"""The place of `nadi`, the technician's command; it offers nothing yet."""
