"""What all tests share: laws are tried without a clock, for a slow machine is no counter-example.

What is kept between starts is kept in a folder of this test run, by all its processes, and not in the user's.
"""

import os
from tempfile import TemporaryDirectory

from hypothesis import settings

settings.register_profile("without-a-clock", deadline=None)
settings.load_profile("without-a-clock")

if "PYTEST_XDIST_WORKER" not in os.environ:
    _cache = TemporaryDirectory(prefix="ccm-upgrade-tests-")
    os.environ["XDG_CACHE_HOME"] = _cache.name
