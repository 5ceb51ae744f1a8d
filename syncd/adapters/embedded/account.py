"""The unprivileged account that servers run under when this program runs as root."""

import os
import pwd
from dataclasses import dataclass
from pathlib import Path

from syncd.errors import Stalled

# A dedicated account first: `nobody` works, but shares its files with every other program that runs under it.
PREFERRED = ("syncd", "postgres", "nobody")


@dataclass(frozen=True, slots=True)
class Account:
    """An entry of the password database."""

    name: str
    uid: int
    gid: int


def find_account(owned: Path) -> Account | None:
    """Return the account to run a server under that keeps its files in *owned*, or none when we are not root.

    Files that are there already decide; otherwise the first existing one of `PREFERRED`. No account is ever created.
    """
    if os.geteuid() != 0:
        return None
    if owned.is_dir():
        return _get_owner(owned)
    for name in PREFERRED:
        try:
            return _make_account(pwd.getpwnam(name))
        except KeyError:
            continue
    raise Stalled(
        "server_account",
        "Postgres refuses to run as root, and there is no account named syncd, postgres or nobody to run it under.",
        hint="Run syncd as an ordinary user, or create an account: useradd --system syncd",
    )


def _get_owner(owned: Path) -> Account:
    uid = owned.lstat().st_uid
    try:
        account = _make_account(pwd.getpwuid(uid))
    except KeyError:
        account = None
    if account is None or uid == 0:
        raise Stalled(
            "server_account",
            f"{owned} belongs to {'root' if uid == 0 else f'the unknown user {uid}'}, and a server cannot run as that.",
            hint=f"Give it to an unprivileged account: chown -R nobody {owned}",
        )
    return account


def _make_account(entry: pwd.struct_passwd) -> Account:
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
