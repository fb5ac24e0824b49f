"""The broker's folder: its rules, its certificates, and how a change comes into force."""
