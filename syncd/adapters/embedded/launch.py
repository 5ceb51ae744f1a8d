"""Become a server: drop the rights of root, tie its life to the parent's, and execute it.

Run by path as `python -I -S launch.py PARENT DEATH_SIGNAL UID:GID|- PROGRAM ARGUMENT...`, hence with nothing but the
standard library.
It stands in for `preexec_fn`, which runs between fork and exec in a program with threads and may deadlock there.
It runs with the rights of the parent up to the drop, so the account needs no way to this file or to the interpreter.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1  # prctl(2)
CANNOT_DROP = 125
CANNOT_EXECUTE = 126
PARENT_GONE = 127


def main(arguments: list[str]) -> int:
    """Return the exit code of a failure; a success does not return."""
    parent, death_signal, account, program, *rest = arguments
    os.umask(0o077)
    if account != "-":
        uid, gid = (int(part) for part in account.split(":"))
        try:
            os.setgroups([])
            os.setgid(gid)
            os.setuid(uid)
        except OSError as error:
            sys.stderr.write(f"cannot run as the account {account}: {error.strerror}\n")
            return CANNOT_DROP
    # The kernel forgets the signal when the user changes, so it is set after the drop.
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
    if os.getppid() != int(parent):
        return PARENT_GONE  # it died before the signal was armed
    try:
        os.execv(program, [program, *rest])  # noqa: S606 - no shell is wanted
    except OSError as error:
        sys.stderr.write(f"cannot execute {program}: {error.strerror}\n")
    return CANNOT_EXECUTE


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
