"""Parts of templates about risk."""
