"""LoRaWAN sensors behind a stand-in for ChirpStack v4."""
