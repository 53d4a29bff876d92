"""Upgrade Alibaba Cloud's Cloud Controller Manager (CCM) without fear.

The folders tell the flow: discover → assess → plan → execute → verify → report.
"""

__version__ = "0.1.0"
