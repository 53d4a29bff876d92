"""A Kubernetes API in one process: what kubectl and the Kubernetes clients ask, answered as an API server does."""
