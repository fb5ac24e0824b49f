"""The gateway's agent: reads devices, seals rounds, and sends them until the city has them."""
