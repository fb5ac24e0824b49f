"""What the city store holds, as files that other programs and the public can read."""
