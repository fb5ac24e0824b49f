"""A simulated district on this machine: real broker, store, bridge, agents, and played devices."""
