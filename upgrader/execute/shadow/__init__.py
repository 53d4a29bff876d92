"""The vendor's own dry run, run once: a Job with the target's image, its rights, and their removal whatever happens."""
