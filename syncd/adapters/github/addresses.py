"""Where GitHub is: the API that was set, what follows from it, and the proxy on the way."""

from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from syncd.errors import BadUsage

DEFAULT_API_URL = "https://api.github.com"
_ENTERPRISE_PATH = "/api/v3"


def check_api_url(api_url: str) -> str:
    """Return *api_url* without a slash at its end; BadUsage where it is no plain http or https URL."""
    parts = urlsplit(api_url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise BadUsage(
            "bad_github_url",
            "The address of GitHub's API is no plain http or https URL.",
            hint=f"Set SYNCD_GITHUB_API_URL to {DEFAULT_API_URL}, or to https://HOST/api/v3 of your own server.",
        )
    return api_url.rstrip("/")


def make_graphql_url(api_url: str) -> str:
    """Return where GraphQL is beside the REST API: an Enterprise server has it at /api/graphql beside /api/v3."""
    if api_url.endswith(_ENTERPRISE_PATH):
        return f"{api_url.removesuffix(_ENTERPRISE_PATH)}/api/graphql"
    return f"{api_url}/graphql"


def is_safe_download(url: str, api_url: str) -> bool:
    """Return whether a download that the API redirects to may be fetched: by https, or from the API's own host."""
    parts, api = urlsplit(url), urlsplit(api_url)
    is_own = (parts.scheme, parts.netloc) == (api.scheme, api.netloc)
    return bool(parts.hostname) and not parts.username and (parts.scheme == "https" or is_own)


def find_proxy(url: str) -> str | None:
    """Return the proxy of the environment for *url*, or none."""
    # The rules PyGithub's connection follows; aiohttp's own way would also bring in credentials from .netrc.
    parts = urlsplit(url)
    return None if proxy_bypass(parts.netloc) else getproxies().get(parts.scheme)
