"""Tables: the columns that `kubectl get` prints, by kind, as the API server computes them."""
