"""The lab hospital: a topology of segments and devices, real programs that act as them, recorded with the truth."""
