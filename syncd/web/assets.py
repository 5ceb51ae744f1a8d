"""The files of the page: read once, served under a name that changes with their content."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

from aiohttp import hdrs, web

PAGE = "status.html"
_TYPES = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
# Nothing but our own files, no script or style within a document, and no way to make markup of a string.
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'none'; "
    "base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)


@dataclass(frozen=True, slots=True)
class Assets:
    """The page, and the files that it asks for, below *mark*: a hash of them all."""

    page: str
    files: Mapping[str, bytes]
    mark: str

    def answer_page(self) -> web.Response:
        """Return the page: it holds no word of anybody, so anybody may have it."""
        response = web.Response(text=self.page, content_type="text/html")
        response.headers["Content-Security-Policy"] = PAGE_POLICY
        return response

    def answer_file(self, request: web.Request) -> web.Response:
        """Return a file; under the mark of today it never changes. Raises aiohttp's 404."""
        mark, name = request.match_info["mark"], request.match_info["name"]
        content = self.files.get(name)
        if content is None or mark != self.mark:
            raise web.HTTPNotFound
        headers = {
            hdrs.CACHE_CONTROL: "public, max-age=31536000, immutable",
            hdrs.ETAG: f'"{mark}"',
            hdrs.CONTENT_TYPE: _TYPES[name.rpartition(".")[2]],
        }
        if f'"{mark}"' in request.headers.get(hdrs.IF_NONE_MATCH, ""):
            return web.Response(status=304, headers={name: headers[name] for name in (hdrs.CACHE_CONTROL, hdrs.ETAG)})
        return web.Response(body=content, headers=headers)


def load_assets() -> Assets:
    """Read the files that stand beside the code."""
    folder = files("syncd.web") / "static"
    found = {entry.name: entry.read_bytes() for entry in folder.iterdir() if entry.is_file()}
    page = found.pop(PAGE).decode()
    digest = hashlib.sha256(page.encode())
    for name in sorted(found):
        digest.update(name.encode() + b"\0" + found[name])
    mark = digest.hexdigest()[:16]
    return Assets(page.replace("{assets}", f"/static/{mark}"), found, mark)
