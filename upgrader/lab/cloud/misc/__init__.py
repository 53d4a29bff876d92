"""The small products beside the load balancers: private DNS, certificates, Lingjun nodes, endpoints, logs."""
