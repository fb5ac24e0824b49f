"""Wi-Fi nodes."""
