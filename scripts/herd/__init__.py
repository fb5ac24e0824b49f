"""Many uplinks return at once after an outage; each is heard soon, and nothing is lost."""
