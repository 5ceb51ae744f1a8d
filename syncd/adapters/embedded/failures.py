"""Why a server did not start, from its last words."""

from syncd.adapters.embedded.child import Child
from syncd.errors import Stalled, SyncdError, Unreachable


def make_failure(code: str, what: str, child: Child, *, hint: str = "") -> SyncdError:
    """Return the error for a *child* that failed, with the end of its log. A full disk is an operator's; the rest may pass."""
    words = child.last_words()
    message = f"{what} (exit code {child.exit_code}).\n{words}"
    if "No space left on device" in words or "Disk quota exceeded" in words:
        return Stalled(
            "disk_full", message, hint="Free some space on that disk, then start again: nothing half-made is kept."
        )
    if "Permission denied" in words:
        writable = "Make the data directory writable for the user that runs syncd, or name another one with --data-dir."
        return Stalled(code, message, hint=writable)
    return Unreachable(code, message, hint=f"{hint} The whole log is in {child.log}.".strip())
