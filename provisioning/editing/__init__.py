"""Settings of a gateway that is on its pole already are changed, tried, and put in force whole."""
