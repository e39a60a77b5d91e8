"""How the installation itself does: ages of data, coverage, jobs, disk."""
