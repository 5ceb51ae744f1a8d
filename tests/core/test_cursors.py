from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.core.cursors import CursorSealer
from syncd.core.ids import TenantId
from syncd.errors import Rejected

SEALER = CursorSealer(b"k" * 32)
TENANT, OTHER = TenantId(UUID(int=1)), TenantId(UUID(int=2))
positions = st.lists(st.integers() | st.text(st.characters(codec="utf-8")), max_size=4)


@given(positions, st.text())
def test_a_cursor_opens_to_its_position(position: list[str | int], purpose: str) -> None:
    purpose = purpose.encode("utf-8", "replace").decode()
    cursor = SEALER.seal(position, tenant_id=TENANT, purpose=purpose)

    assert SEALER.open(cursor, tenant_id=TENANT, purpose=purpose) == position


@given(positions)
def test_no_other_tenant_purpose_or_installation_opens_it(position: list[str | int]) -> None:
    cursor = SEALER.seal(position, tenant_id=TENANT, purpose="list")

    for sealer, tenant_id, purpose in (
        (SEALER, OTHER, "list"),
        (SEALER, TENANT, "search"),
        (CursorSealer(b"o" * 32), TENANT, "list"),
    ):
        with pytest.raises(Rejected, match="does not belong"):
            sealer.open(cursor, tenant_id=tenant_id, purpose=purpose)


@given(st.text(max_size=60))
def test_no_text_opens_by_chance(text: str) -> None:
    with pytest.raises(Rejected):
        SEALER.open(text, tenant_id=TENANT, purpose="list")
