"""The cloud's refusals, as its error bodies say them."""

from __future__ import annotations

from upgrader.model.errors import RefusedError


class CloudError(RefusedError):
    """An OpenAPI error: `code`, `message` and the HTTP `status`; `recommend` is the link in the body."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message, code=code)
        self.message = message
        self.status = status


class UnknownActionError(CloudError):
    """The cloud has no such action; the lab keeps a list of these."""


def unknown_action(status: int = 404) -> UnknownActionError:
    """No API of that name and version."""
    return UnknownActionError(
        "InvalidAction.NotFound",
        "Specified api is not found, please check your url and method.",
        status,
    )


def missing(name: str) -> CloudError:
    """A required parameter was not sent."""
    return CloudError(f"Missing{name}", f"{name} is mandatory for this action.")


def invalid(name: str, why: str = "") -> CloudError:
    """A parameter with a value that the cloud does not take."""
    return CloudError(f"InvalidParameter.{name}", why or f"The specified {name} is invalid.")


def not_found(name: str) -> CloudError:
    """An id that names nothing: `InvalidLoadBalancerId.NotFound`."""
    return CloudError(f"Invalid{name}.NotFound", f"The specified {name} does not exist.", 404)
