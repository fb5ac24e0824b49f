"""`nadi`: the technician's command, and the city's authority."""
