"""Durable execution: the only place that imports DBOS, behind four calls."""
