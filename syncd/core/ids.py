"""The identities that travel through every layer, each a type of its own."""

from typing import NewType
from uuid import UUID

TenantId = NewType("TenantId", UUID)
ProjectId = NewType("ProjectId", UUID)
DocumentId = NewType("DocumentId", UUID)
UserId = NewType("UserId", UUID)
