"""The project's own tools: what `make` calls, and a simulated district to run against."""
