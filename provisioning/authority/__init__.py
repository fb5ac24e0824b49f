"""The city's authority: who is who, for how long, and who no longer."""
