"""What every side of Nadi Kota agrees on; nothing here does I/O or reads a clock."""
