"""The agents' door: MCP tools over the mirrored documents."""
