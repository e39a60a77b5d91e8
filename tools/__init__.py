"""Scripts that keep the project in order: pages made from sources, pictures, the set-up of a machine."""
