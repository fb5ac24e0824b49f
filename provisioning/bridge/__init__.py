"""The city's bridge as the office meets it: a program, here or on another machine."""
