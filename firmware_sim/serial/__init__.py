"""Serial ports that others open, and the sensors that speak on them by themselves."""
