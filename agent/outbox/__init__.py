"""Batches kept on the card until the city says it has them, and for as long as there is room."""
