"""What is right and wrong with the centre, looked at without changing anything."""
