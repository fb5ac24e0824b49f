"""How the whole fleet is, as the city's own feed tells it."""
