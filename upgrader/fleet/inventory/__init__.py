"""Which clusters there are: of accounts, of kubeconfig files, of a list; each once."""
