"""Real CCM binaries against the lab, and the forecast against what they do. See `__main__.py`."""
