"""Long work in the background, with progress that pages show."""
