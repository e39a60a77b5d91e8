"""The hospital's own list of devices, from its maintenance system (CMMS), beside what was seen."""
