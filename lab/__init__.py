"""The lab hospital: independent, real programs in network namespaces, recorded with labels."""
