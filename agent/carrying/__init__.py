"""The gateway's readings, carried to the city on a stick."""
