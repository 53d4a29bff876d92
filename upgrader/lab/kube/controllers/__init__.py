"""What moves a cluster of the lab: workloads, pods, endpoints, owners and namespaces, one controller a file."""

from upgrader.lab.kube.controllers.manager import Controllers

__all__ = ["Controllers"]
