"""What Kubernetes' built-in kinds consist of, field by field: for protobuf bodies, unknown fields, and `explain`."""
