"""A gateway that is cut off: what it holds goes to the city on a stick."""
