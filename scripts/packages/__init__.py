"""The Debian packages: what is in each, and how they are built to the same bytes every time."""
