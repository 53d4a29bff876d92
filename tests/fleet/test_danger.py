"""Never more in danger than agreed: waves, budgets, slots, gates, soaks, deaths and people, walked at random."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fleet.walk import walked


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 10**6), clusters=st.integers(1, 30))
def test_no_walk_passes_a_limit(seed: int, clusters: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        walked(f"sqlite:///{Path(folder)}/fleet.db", 100, seed, clusters)
