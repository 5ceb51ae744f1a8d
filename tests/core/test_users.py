"""What names and passwords must be, and what a role lets a user do."""

import pytest

from syncd.core.users import (
    Role,
    check_display_name,
    check_password,
    check_username,
    list_scopes,
    make_new_user,
    may_manage,
    normalise_email,
    normalise_password,
)
from syncd.errors import BadUsage


@pytest.mark.parametrize("password", ["Passwor1", "aB3" * 33 + "x", "ÄÖÜäöü12"])
def test_a_password_by_the_rules_can_be_chosen(password: str) -> None:
    assert check_password(password) == password


@pytest.mark.parametrize("password", ["Passwo1", "password1", "PASSWORD1", "Password", "aB3" * 34, "", "12345678"])
def test_a_weak_password_cannot_be_chosen(password: str) -> None:
    with pytest.raises(BadUsage) as caught:
        check_password(password)
    assert caught.value.code == "password_invalid"
    assert not password or password not in f"{caught.value.message} {caught.value.hint}"


def test_a_password_is_the_same_from_every_keyboard() -> None:
    assert normalise_password("Pa\u0308ssword1") == normalise_password("P\u00e4ssword1")


@pytest.mark.parametrize("username", ["abc", "A_1", "x" * 50])
def test_a_username_by_the_rules_is_taken(username: str) -> None:
    assert check_username(username) == username


@pytest.mark.parametrize("username", ["ab", "x" * 51, "with space", "umläut", "a-b-c", "abc\n", ""])
def test_what_is_no_username_is_refused(username: str) -> None:
    with pytest.raises(BadUsage, match="username"):
        check_username(username)


@pytest.mark.parametrize("name", ["", "  ", "x" * 101, "two\nlines", "bidi\u202e", "nul\0"])
def test_what_is_no_display_name_is_refused(name: str) -> None:
    with pytest.raises(BadUsage, match="display name"):
        check_display_name(name)


def test_a_display_name_loses_white_space_around_it() -> None:
    assert check_display_name("  Ann Łódź ") == "Ann Łódź"


def test_an_address_has_one_form() -> None:
    assert normalise_email(" Ann@Example.COM ") == normalise_email("ann@example.com") == "ann@example.com"
    assert normalise_email("admin@localhost") == "admin@localhost"


@pytest.mark.parametrize(
    "text", ["", "ann", "@b.c", "a@", "a b@c.d", "a@b..c", "a@.b", "a@b.", "a\0@b.c", "x" * 250 + "@b.c"]
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(BadUsage, match="e-mail"):
        normalise_email(text)


def test_names_that_are_left_out_are_made_from_the_address() -> None:
    made = make_new_user("j.d@example.com", username=None, display_name=None, role=Role.MEMBER)
    assert (made.username, made.display_name) == ("j_d", "j_d")
    assert make_new_user("é@example.com", username=None, display_name=None, role=Role.MEMBER).username == "___"


def test_only_owners_touch_owners_and_members_touch_nobody() -> None:
    allowed = {(actor, target) for actor in Role for target in Role if may_manage(actor, target)}
    assert allowed == {
        (Role.OWNER, Role.OWNER),
        (Role.OWNER, Role.ADMIN),
        (Role.OWNER, Role.MEMBER),
        (Role.ADMIN, Role.ADMIN),
        (Role.ADMIN, Role.MEMBER),
    }


def test_a_member_is_no_admin() -> None:
    assert "admin" not in list_scopes(Role.MEMBER)
    assert list_scopes(Role.ADMIN) == list_scopes(Role.OWNER) == list_scopes(Role.MEMBER) | {"admin"}
