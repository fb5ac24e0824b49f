"""PoE switches."""
