"""What the cloud answers, as our errors."""

from __future__ import annotations

import re

import msgspec

from upgrader.adapters.aliyun.call import Call
from upgrader.adapters.patience import NoAnswerError, UnreachableError
from upgrader.model.errors import (
    AbsentError,
    CcmUpgradeError,
    DeniedError,
    RefusedError,
    TransientError,
    troubleshooting,
)

_TRANSIENT = re.compile(r"(?i)^(throttling|serviceunavailable|internalerror|systembusy|operationbusy)|\.timeout$")
_DENIED = re.compile(
    r"(?i)^(nopermission|forbidden\.(ram|subuser|user)|forbiddenram|accessdenied|unauthorized|stsforbidden|statusforbidden)"
)
_DENIED_MESSAGE = re.compile(r"(?i)policy forbidden|not authorized to do this action|no permission")
_UNSUPPORTED = re.compile(r"(?i)^(invalidaction\b|(un|not)supported\.?(action|operation|api)\b|notimplemented\b)")
_NO_SUCH_PATH = (404, 405, 501)
"""What a server answers to an address that it does not have; of the cloud's own objects it answers a code too."""
_ABSENT = re.compile(r"(?i)notfound|entitynotexist|notexist|\.absent$")
_STRANGER = re.compile(r"(?i)^(invalidaccesskeyid|signaturedoesnotmatch|invalidsecuritytoken|incompletesignature)")
_TIME = re.compile(r"(?i)^(invalidtimestamp|requesttimetooskewed)")
_NAMED = re.compile(r"\b((?:slb|nlb|ecs|vpc|ram|sts|cs):[A-Za-z]\w+)")
_ACCESS_KEY = re.compile(r"\bLTAI[0-9A-Za-z]{8,}\b|\bSTS\.[0-9A-Za-z]{8,}\b")
_SECRET_PAIR = re.compile(
    r"(?i)((?:accesskeysecret|securitytoken|signature|accesskeyid)[\"']?\s*[=:]\s*[\"']?)[^\s&\"',}]+"
)
_LATE = "no answer in time"
# What the client library says → what it means, and whether the request surely never left.
_CAUSES: tuple[tuple[str, str, bool], ...] = (
    ("refused", "the connection was refused", True),
    ("name or service not known", "the host's name is not known", True),
    ("failure in name resolution", "the host's name is not known", True),
    ("nodename nor servname", "the host's name is not known", True),
    ("certificate", "its certificate is not trusted: see ALIBABA_CLOUD_CA_BUNDLE", True),
    ("connecttimeout", "no connection in time", True),
    ("connect timeout", "no connection in time", True),
    ("proxyerror", "the proxy could not connect", True),
    ("timed out", _LATE, False),
)
_SIGNED = re.compile(r"(?is)(server string to sign is).*")


def redacted(text: str) -> str:
    """Vendor text without access keys, tokens and signatures."""
    return _SECRET_PAIR.sub(r"\1(redacted)", _ACCESS_KEY.sub("(redacted)", _SIGNED.sub(r"\1 (redacted)", text)))


def read_error(body: bytes) -> tuple[str, str, str]:
    """Code, message and request id of an error's body, in either spelling of the cloud's protocols.

    A body that is not of the cloud's form has no code, and is itself the message.
    """
    try:
        told = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        told = None
    fields = {name.lower(): value for name, value in told.items()} if isinstance(told, dict) else {}
    message = fields.get("message") or body[:300].decode(errors="replace").strip()
    return str(fields.get("code") or ""), str(message), str(fields.get("requestid") or "")


def from_code(call: Call, status: int, code: str, message: str, request_id: str = "") -> CcmUpgradeError:
    """The error for a code that the OpenAPI answered."""
    why = f"{code or f'HTTP {status}'}: {redacted(message)[:300]}" + (f", request {request_id}" if request_id else "")
    if _UNSUPPORTED.search(code) or (not code and status in _NO_SUCH_PATH):
        # No object is missing: the endpoint does not have the call at all.
        return RefusedError(what=f"the endpoint does not know {call.name}", code=code, where=call.region, why=why,
                            next_command="check --endpoint and --region")  # fmt: skip
    if _TRANSIENT.search(code) or status == 429 or status >= 500:
        # What was throttled was turned away at the door; what failed inside may have been carried out.
        landed = not call.is_read and not code.lower().startswith("throttling") and status != 429
        return TransientError(
            what=f"{call.name} can't be answered now", where=call.region, why=why, next_command="try again",
            effect_unknown=landed,
        )  # fmt: skip
    if _TIME.search(code):
        return DeniedError(
            what="the cloud does not accept the time of our requests: this machine's clock is off", action=call.name,
            where=call.region, why=why, next_command="timedatectl status, then set the clock",
        )  # fmt: skip
    if _STRANGER.search(code):
        return DeniedError(
            what="the cloud does not accept our credentials", action=call.name, where=call.region, why=why,
            next_command="aliyun sts GetCallerIdentity",
        )  # fmt: skip
    if _DENIED.search(code) or (status == 403 and _DENIED_MESSAGE.search(message)):
        named = _NAMED.search(message)
        action = named[1] if named else call.name
        return DeniedError(
            what=f"may not call {call.name}", action=action, where=call.region, why=why,
            next_command=f"allow {action} in a RAM policy of the caller",
        )  # fmt: skip
    if _ABSENT.search(code) or status == 404:
        of_ram = call.product in ("ram", "sts")
        return AbsentError(
            what=f"not there: {call.name} {_object(call)}".rstrip(), where=call.region, why=why,
            next_command="aliyun ram ListRoles, and check the role's name" if of_ram else
            "check --cluster-id and --region",
        )  # fmt: skip
    return RefusedError(what=f"{call.name} was refused", code=code, where=call.region, why=why,
                        next_command=f"read {troubleshooting(code)}")  # fmt: skip


def unreachable(call: Call, message: str) -> TransientError:
    """No answer: refused, timed out, or TLS failed. A write may have landed unless no connection was made.

    Said in our own words: the vendor's quote the whole signed address, another one at each attempt.
    """
    lower = message.lower()
    why, never_sent = next((found for sign, *found in _CAUSES if sign in lower), ["the connection broke", False])
    kind = UnreachableError if never_sent else NoAnswerError if why == _LATE else TransientError
    return kind(
        what=f"no answer to {call.name}", where=call.region, why=str(why),
        next_command="check the network, --region, --endpoint and HTTPS_PROXY",
        effect_unknown=not call.is_read and not never_sent,
    )  # fmt: skip


def no_json(call: Call, body: bytes) -> TransientError:
    """An answer that is no JSON: something between us and the cloud spoke."""
    start = redacted(body[:80].decode(errors="replace")).strip()
    return TransientError(
        what=f"the answer to {call.name} is no JSON", where=call.region, why=f"it begins {start!r}",
        next_command="check --endpoint and HTTPS_PROXY", effect_unknown=not call.is_read,
    )  # fmt: skip


def _object(call: Call) -> str:
    values = {**call.path, **{k: v for k, v in call.params.items() if k.endswith(("Id", "Name"))}}
    return " ".join(f"{key}={value}" for key, value in sorted(values.items()) if key != "RegionId")
