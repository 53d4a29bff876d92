"""What the API server refuses to store, one file a family of kinds, in Kubernetes' own words."""
