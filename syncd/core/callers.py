"""Who makes a request: a key or a signed-in user, and through it one tenant."""

from dataclasses import dataclass
from uuid import UUID

from syncd.core.ids import ProjectId, TenantId, UserId
from syncd.core.users import Role
from syncd.errors import Forbidden


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """For whom a request acts, and what it may do.

    *actor* is shown as who did something: the username, or `key:ID`. *project_ids*: none where every project of the tenant is open.
    *role*, *user_id*, *session_id*: of a signed-in user only. *is_platform*: the key acts for any tenant.
    *is_public*: nobody in particular, who may look.
    """

    tenant_id: TenantId
    tenant_name: str
    actor: str
    scopes: frozenset[str]
    project_ids: frozenset[ProjectId] | None = None
    role: Role | None = None
    user_id: UserId | None = None
    session_id: UUID | None = None
    is_platform: bool = False
    is_public: bool = False

    @property
    def is_admin(self) -> bool:
        """Return whether the caller may change projects, keys and users, and lift what others froze."""
        return "admin" in self.scopes

    def require_scope(self, scope: str | None) -> None:
        """Raise `Forbidden` unless the caller has *scope*; none: nothing is needed."""
        if scope is not None and scope not in self.scopes:
            raise Forbidden(
                "scope_missing",
                f"This needs the scope {scope}.",
                hint="Use a key with that scope, or sign in as an admin; docs/rest.md says which role has which scope.",
            )

    def sees(self, project_id: ProjectId) -> bool:
        """Return whether a project of the tenant is open to the caller."""
        return self.project_ids is None or project_id in self.project_ids
