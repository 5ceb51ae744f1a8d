// Calls to the server, by the cookie of the session; one that ran out is refreshed once.

let csrfToken = null;
let refreshing = null;

/** The server's refusal: what happened, and what to do. */
export class Refused extends Error {
  constructor(status, { code = "UNREACHABLE", message = "The server does not answer.", hint = "" } = {}) {
    super(message);
    Object.assign(this, { status, code, hint });
  }
}

/** Remember what proves that a write comes from this page. */
export function keepToken(token) {
  csrfToken = token;
}

/** Replace the tokens of the session; false where nobody is signed in any more. */
export function refresh() {
  refreshing ??= send("POST", "/api/v1/session/refresh")
    .then((answer) => answer.ok, () => false)
    .finally(() => { refreshing = null; });
  return refreshing;
}

/** Call the server and return its JSON. Throws `Refused`. */
export async function call(method, path, body) {
  let answer = await send(method, path, body);
  const isSignIn = method === "POST" && path === "/api/v1/session";
  if (answer.status === 401 && !isSignIn && await refresh()) answer = await send(method, path, body);
  const content = answer.status === 204 ? null : await answer.json().catch(() => null);
  if (!answer.ok) throw new Refused(answer.status, content?.error);
  return content;
}

async function send(method, path, body) {
  const headers = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (method !== "GET" && csrfToken) headers["X-CSRF-Token"] = csrfToken;
  try {
    return await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body), cache: "no-store" });
  } catch {
    throw new Refused(0);
  }
}
