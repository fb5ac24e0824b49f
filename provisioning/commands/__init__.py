"""The face of each action: a command takes its values from the line or asks, then calls it."""
