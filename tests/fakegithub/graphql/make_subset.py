"""Cut GitHub's GraphQL schema down to the fields that the fake serves.

    npm pack @octokit/graphql-schema && tar xzf octokit-graphql-schema-*.tgz
    python -m tests.fakegithub.graphql.make_subset package/schema.graphql

The schema is MIT-licensed (see LICENSE beside this file); nothing in it is changed but what is left out: other types and
fields, prose, and directives.
"""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from graphql import (
    DocumentNode,
    InterfaceTypeDefinitionNode,
    Node,
    ObjectTypeDefinitionNode,
    TypeDefinitionNode,
    parse,
    print_ast,
)

TARGET = Path(__file__).with_name("github.subset.graphql")
_OBJECT_FIELDS = ("abbreviatedOid", "id", "oid")
FIELDS: Mapping[str, tuple[str, ...]] = {
    "Query": ("id", "node", "rateLimit", "repository"),
    "Node": ("id",),
    "GitObject": _OBJECT_FIELDS,
    "Repository": ("databaseId", "id", "isPrivate", "nameWithOwner", "object"),
    "Blob": (*_OBJECT_FIELDS, "byteSize", "isBinary", "isTruncated", "text"),
    "Commit": (*_OBJECT_FIELDS, "message"),
    "Tag": (*_OBJECT_FIELDS, "name"),
    "Tree": _OBJECT_FIELDS,
    "RateLimit": ("cost", "limit", "nodeCount", "remaining", "resetAt", "used"),
}
SCALARS = ("DateTime", "GitObjectID")
_Node = TypeVar("_Node", bound=Node)


def make_subset(schema: str) -> str:
    """Return *schema* with nothing but FIELDS and SCALARS."""
    wanted = {*FIELDS, *SCALARS}
    definitions = [
        definition
        for definition in parse(schema).definitions
        if isinstance(definition, TypeDefinitionNode) and definition.name.value in wanted
    ]
    return print_ast(DocumentNode(definitions=tuple(_cut(definition) for definition in definitions))) + "\n"


def _cut(definition: TypeDefinitionNode) -> TypeDefinitionNode:
    fields = FIELDS.get(definition.name.value)
    if fields is None:
        return _bare(definition)
    assert isinstance(definition, ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode)
    kept = [field for field in definition.fields or () if field.name.value in fields]
    return _bare(
        definition,
        fields=tuple(_bare(field, arguments=tuple(map(_bare, field.arguments or ()))) for field in kept),
        interfaces=tuple(parent for parent in definition.interfaces or () if parent.name.value in FIELDS),
    )


def _bare(node: _Node, **changes: tuple[Node, ...]) -> _Node:
    """Return *node* without prose and directives, and with *changes*."""
    parts = {key: getattr(node, key) for key in node.keys}
    return type(node)(**{**parts, "description": None, "directives": (), **changes})


if __name__ == "__main__":
    TARGET.write_text(make_subset(Path(sys.argv[1]).read_text(encoding="utf-8")), encoding="utf-8")
