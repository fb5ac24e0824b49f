"""What is right and wrong with one gateway, looked at without changing anything."""
