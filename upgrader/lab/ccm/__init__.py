"""The simulated CCM: what a version does to the lab's cluster and cloud, by the same model as the forecast."""
