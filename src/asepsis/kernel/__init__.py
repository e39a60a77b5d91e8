"""What every package may know: errors, time, addresses and the shape of a value. Imports nothing of ours."""
