"""Every error that syncd raises on purpose.

    SyncdError            a code, a sentence, a hint
    ├── RetryLater        nothing is wrong for good; try again after `after_seconds`
    │   ├── Unreachable   a server does not answer (exit 4)
    │   ├── Busy          somebody else holds it, or it is frozen (exit 5)
    │   └── RateLimited   the caller has asked too often (exit 1)
    ├── Stalled           an operator must act; retrying does not help (exit 1)
    └── Rejected          the caller must act (exit 1)
        ├── BadUsage      wrong arguments or settings (exit 2)
        ├── Forbidden     known, and not allowed to (exit 1)
        └── NotFound      absent, or not yours: the same answer (exit 3)

The exit codes are those of the command line; `code` is what logs, JSON and tests compare.
"""


class SyncdError(Exception):
    """What happened, to what, and what to do next; never a secret."""

    exit_code = 1

    def __init__(self, code: str, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint


class RetryLater(SyncdError):
    """It may work again by itself after *after_seconds*."""

    def __init__(self, code: str, message: str, *, hint: str = "", after_seconds: float = 60.0) -> None:
        super().__init__(code, message, hint=hint)
        self.after_seconds = after_seconds


class Unreachable(RetryLater):
    """A server that this work needs does not answer."""

    exit_code = 4


class Busy(RetryLater):
    """Somebody else holds it, or a person froze it."""

    exit_code = 5


class RateLimited(RetryLater):
    """The caller has asked too often."""


class Stalled(SyncdError):
    """A person must act: access lost, branch missing, deletion held."""


class Rejected(SyncdError):
    """The caller must act: the request cannot be right as it is."""


class BadUsage(Rejected):
    """Wrong arguments or wrong settings."""

    exit_code = 2


class NotFound(Rejected):
    """It does not exist, or it is not yours: the two look the same."""

    exit_code = 3


class Forbidden(Rejected):
    """The caller is known, and may not do this."""
