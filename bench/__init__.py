"""Side-by-side measurements against peers: `make bench` and `make eval`. Nothing here is in the wheel."""
