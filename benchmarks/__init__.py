"""Every figure this project promises, measured with its own programs and their real partners."""
