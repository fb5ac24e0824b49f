"""Every figure of the project, measured by a command."""
