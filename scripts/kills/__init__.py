"""Faults of real processes and of what joins them, again and again under load, and the count."""
