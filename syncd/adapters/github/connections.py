"""PyGithub's connection, with its own ideas about answers taken away.

Left alone PyGithub follows a 301 without the query of the request (a recursive listing becomes the top level, and no
error), waits and asks again for ever on a 202, and reads a body of any size. Here every answer comes back as it came.
"""

import time
from urllib.parse import urlsplit

from github.Requester import HTTPSRequestsConnectionClass, RequestsResponse

from syncd.adapters.github.responses import Response

_CHUNK_BYTES = 1 << 16


class Answered(Exception):
    """Carries an answer out of PyGithub before it acts on it."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status)
        self.response = response


class AnswerTooLarge(OSError):
    """The body is larger than allowed."""


class GuardedConnection(HTTPSRequestsConnectionClass):
    """A connection for one thread at a time. `getresponse` always leaves by `Answered` or by an OSError."""

    def __init__(self, api_url: str, *, timeout_seconds: int, deadline_seconds: float, max_bytes: int) -> None:
        parts = urlsplit(api_url)
        super().__init__(parts.hostname or "", parts.port, timeout=timeout_seconds, retry=None, pool_size=1)
        self.protocol = parts.scheme
        self.port = parts.port or (443 if parts.scheme == "https" else 80)
        self._deadline_seconds = deadline_seconds
        self._max_bytes = max_bytes

    def getresponse(self) -> RequestsResponse:
        """Ask once, follow nothing, and hand the answer to whoever called PyGithub."""
        ends_at = time.monotonic() + self._deadline_seconds
        host = f"[{self.host}]" if ":" in self.host else self.host
        with self.session.request(
            self.verb,
            f"{self.protocol}://{host}:{self.port}{self.url}",
            headers=self.headers,
            data=self.input,
            timeout=self.timeout,
            allow_redirects=False,
            stream=True,
        ) as answer:
            body = bytearray()
            for chunk in answer.iter_content(_CHUNK_BYTES):
                body += chunk
                if len(body) > self._max_bytes:
                    raise AnswerTooLarge(f"an answer is larger than {self._max_bytes} bytes")
                # The socket's own timeout does not end a body that drips.
                if time.monotonic() > ends_at:
                    raise TimeoutError(f"an answer takes longer than {self._deadline_seconds:.0f} s")
            headers = {name.lower(): value for name, value in answer.headers.items()}
            raise Answered(Response(answer.status_code, headers, bytes(body)))
