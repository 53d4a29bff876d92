"""Look again: what the target should have made of the world, against what is there."""

from __future__ import annotations

from upgrader.verify.verdict import verify

__all__ = ["verify"]
