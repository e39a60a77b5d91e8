"""What makers publish of their products: disclosure forms (MDS2) and lists of components (SBOM)."""
