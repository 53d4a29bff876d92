"""Assess: run the checks on the facts, and say how each one ended."""

from upgrader.assess.assess import assess

__all__ = ["assess"]
