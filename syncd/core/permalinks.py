"""Where a person sees what an agent read: a URL that keeps meaning the same text."""

from urllib.parse import quote

GITHUB_URL = "https://github.com"


def make_web_url(api_url: str) -> str:
    """Return where people see the repositories of a GitHub whose API is at *api_url*."""
    if api_url == "https://api.github.com":
        return GITHUB_URL
    return api_url.removesuffix("/api/v3")


def make_permalink(
    *,
    repository: str | None,
    commit: str | None,
    project: str,
    path: str,
    version: int,
    lines: tuple[int, int] | None = None,
    web_url: str = GITHUB_URL,
) -> str:
    """Return the commit-pinned blob URL of a document or of its *lines* at *web_url*; without repository or commit a doc:// URI.

    `?plain=1` keeps line anchors working for formats that GitHub renders (https://docs.github.com, "permanent links to files").
    """
    fragment = f"#L{lines[0]}-L{lines[1]}" if lines else ""
    if repository is None or commit is None:
        return f"doc://{project}/{quote(path)}@v{version}{fragment}"
    plain = "?plain=1" if lines else ""
    return f"{web_url}/{quote(repository)}/blob/{commit}/{quote(path)}{plain}{fragment}"
