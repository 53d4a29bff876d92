"""CS: one small function for each action, listed in `actions`."""
