"""What the gateway makes of its readings: faults that begin and end, and what is derived."""
