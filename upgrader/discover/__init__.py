"""Read the world once into an immutable snapshot."""
