"""Finds what a gateway could read, by asking only, and puts it into the settings."""
