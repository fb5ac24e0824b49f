"""The city's inventory: what it owns, where that is, and which gateway is to read it."""
