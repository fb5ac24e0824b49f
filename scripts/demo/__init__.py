"""A simulated district of Baubau lives through its failures, and the balance is counted."""
