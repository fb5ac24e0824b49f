"""What goes to the poles: an enrolment bundle and a label for each gateway."""
