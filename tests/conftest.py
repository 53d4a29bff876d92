"""What all tests share: laws are tried without a clock, for a slow machine is no counter-example."""

from hypothesis import settings

settings.register_profile("without-a-clock", deadline=None)
settings.load_profile("without-a-clock")
