"""Users: what their names and passwords must be, and what their role lets them do."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from syncd.core.ids import UserId
from syncd.errors import BadUsage

PASSWORD_CHARACTERS = (8, 100)
EMAIL_MAX_CHARACTERS = 254  # what an SMTP path can carry (RFC 5321, 4.5.3.1.3, without the brackets)
DISPLAY_NAME_MAX_CHARACTERS = 100

_USERNAME = re.compile(r"[A-Za-z0-9_]{3,50}")
# No more than: something, an @, a name of a host. Who writes to it finds out whether it exists.
_EMAIL = re.compile(r"[^\s@\x00-\x1f\x7f]{1,64}@[^\s@.\x00-\x1f\x7f]+(?:\.[^\s@.\x00-\x1f\x7f]+)*")


class Role(StrEnum):
    """What a user is in the tenant."""

    OWNER = "owner"
    ADMIN = "admin"
    MEMBER = "member"


_SCOPES_OF_A_MEMBER = frozenset({"docs:read", "docs:sync", "locks:write"})
_SCOPES = {
    Role.OWNER: _SCOPES_OF_A_MEMBER | {"admin"},
    Role.ADMIN: _SCOPES_OF_A_MEMBER | {"admin"},
    Role.MEMBER: _SCOPES_OF_A_MEMBER,
}


@dataclass(frozen=True, slots=True)
class User:
    """One row of users, without the hash of the password."""

    user_id: UserId
    email: str
    username: str
    display_name: str
    role: str
    active: bool
    has_password: bool
    last_seen_at: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class NewUser:
    """What is said to add a user. Made by `make_new_user`, so it keeps the rules."""

    email: str
    username: str
    display_name: str
    role: Role


def make_new_user(email: str, *, username: str | None, display_name: str | None, role: Role) -> NewUser:
    """Return a user to be added; the names that are left out are made from the address. Raises `BadUsage`."""
    address = normalise_email(email)
    made = re.sub(r"[^A-Za-z0-9_]", "_", address.partition("@")[0])[:50].ljust(3, "_")
    chosen = check_username(made if username is None else username)
    return NewUser(address, chosen, check_display_name(chosen if display_name is None else display_name), role)


def normalise_email(text: str) -> str:
    """Return the address in the one form that is stored and compared. Raises `BadUsage` for what is no address."""
    address = unicodedata.normalize("NFKC", text.strip()).lower()
    if len(address) > EMAIL_MAX_CHARACTERS or not _EMAIL.fullmatch(address):
        raise BadUsage("email_invalid", "This is no e-mail address.", hint="Write it as name@example.com.")
    return address


def check_username(text: str) -> str:
    """Return *text*. Raises `BadUsage` when it is no username."""
    if not _USERNAME.fullmatch(text):
        raise BadUsage(
            "username_invalid",
            "This is no username.",
            hint="Use 3 to 50 letters of the English alphabet, digits and underscores.",
        )
    return text


def check_display_name(text: str) -> str:
    """Return the name without white space around it. Raises `BadUsage` when nothing or too much is left, or it is not printable."""
    name = text.strip()
    if not 1 <= len(name) <= DISPLAY_NAME_MAX_CHARACTERS or not name.isprintable():
        raise BadUsage("display_name_invalid", "This is no display name.", hint="Use 1 to 100 printable characters.")
    return name


def normalise_password(text: str) -> str:
    """Return *text* as it is hashed: the same password from every keyboard."""
    return unicodedata.normalize("NFKC", text)


def check_password(text: str) -> str:
    """Return *text* as it is hashed. Raises `BadUsage` when it is too weak to be chosen."""
    password = normalise_password(text)
    shortest, longest = PASSWORD_CHARACTERS
    enough = shortest <= len(password) <= longest and all(
        any(map(kind, password)) for kind in (str.isupper, str.islower, str.isdigit)
    )
    if not enough:
        raise BadUsage(
            "password_invalid",
            "This password cannot be chosen.",
            hint=f"Use {shortest} to {longest} characters, with an upper-case letter, a lower-case letter and a digit.",
        )
    return password


def list_scopes(role: Role) -> frozenset[str]:
    """Return the scopes of a role: those that a key would need for the same."""
    return _SCOPES[role]


def may_manage(actor: Role, target: Role) -> bool:
    """Return whether a user of one role may add, change or disable a user of the other. Only owners touch owners."""
    return actor is Role.OWNER or (actor is Role.ADMIN and target is not Role.OWNER)
