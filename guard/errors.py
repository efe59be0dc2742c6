"""Every error guard raises on purpose, as one small tree; each knows the HTTP status it means.

    GuardError                      500
    ├── ConfigError                 500  a file guard reads at start is wrong: file, line, key, remedy
    ├── RequestError                400  the caller sent something guard cannot read
    │   ├── AccessError             401  the caller is not known
    │   ├── PolicyError             403  the policy forbids this exchange
    │   │   ├── Blocked             403  a prompt or a reply was blocked
    │   │   └── Escalated           423  what is held waits for a person to decide
    │   ├── RouteError              404  guard does not serve this route
    │   ├── NotHeld                 404  there is no held reply of that name for this caller
    │   ├── HeldTooLong             410  a held reply is over its lifetime
    │   └── TooLargeError           413  the body is over the limit
    ├── UpstreamError               502  the upstream failed or answered nonsense
    │   └── UpstreamTimeout         504  the upstream took too long
    ├── CriticError                 503  the critic failed, was slow or answered nonsense
    ├── RecognizerError             503  a recognizer failed, so nothing may leave
    ├── AuditError                  503  the log could not be written, so nothing may leave
    └── ClientGone                  499  the client left before the end

No message ever holds a value of the exchange: messages end up in logs and on screens.
"""


class GuardError(Exception):
    """The root of the tree. `code` is a stable word for machines, `param` the field at fault if one is."""

    status = 500
    code = "guard_error"

    def __init__(self, message: str, *, param: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.param = param


class ConfigError(GuardError):
    """A file that guard reads at start is wrong. The message names file, line, key and remedy."""

    code = "bad_configuration"


class RequestError(GuardError):
    """The caller sent something that guard cannot read."""

    status = 400
    code = "bad_request"


class AccessError(RequestError):
    """The caller is not known, or its key is revoked or expired."""

    status = 401
    code = "invalid_api_key"


class PolicyError(RequestError):
    """The policy forbids this exchange."""

    status = 403
    code = "forbidden_by_policy"


class Blocked(PolicyError):
    """A prompt or a reply was blocked; the message names the principle or the entity, never the value."""

    code = "blocked_by_guard"


class Escalated(PolicyError):
    """The reply, or the request, is held until a person has decided about it; the message says how to ask for it.

    Not 409: the SDKs of the providers send a request again that was answered so, and each would be held anew.
    """

    status = 423
    code = "guard_escalated"


class NotHeld(RequestError):
    """There is no held reply of that name, or it is another caller's."""

    status = 404
    code = "not_held"


class HeldTooLong(RequestError):
    """A held reply has outlived its lifetime, and nothing is left of it."""

    status = 410
    code = "held_too_long"


class RouteError(RequestError):
    """guard does not serve this route, so nothing of it may pass."""

    status = 404
    code = "unknown_route"


class TooLargeError(RequestError):
    """The body is over the configured limit."""

    status = 413
    code = "body_too_large"


class UpstreamError(GuardError):
    """The upstream could not be reached, broke off, or answered what its surface does not allow."""

    status = 502
    code = "upstream_error"


class UpstreamTimeout(UpstreamError):
    """The upstream took longer than its time limit."""

    status = 504
    code = "upstream_timeout"


class CriticError(GuardError):
    """The critic failed, was slow or answered nonsense: the reply counts as not judged."""

    status = 503
    code = "not_judged"


class RecognizerError(GuardError):
    """A recognizer failed: what it would have found is unknown, so nothing may leave."""

    status = 503
    code = "not_recognized"


class AuditError(GuardError):
    """The audit log could not be written: without a durable entry nothing may leave."""

    status = 503
    code = "audit_unavailable"


class ClientGone(GuardError):
    """The client left before the end; thrown into an exchange so that its entry says so."""

    status = 499
    code = "client_gone"


def raised_at(error: BaseException) -> str:
    """The file and the line where `error` was raised: all that may be told of one whose message may hold a value."""
    import traceback

    frames = traceback.extract_tb(error.__traceback__)
    return f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "?"
