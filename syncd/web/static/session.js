// Who is signed in, and the form for who is not.
import { call, keepToken } from "./api.js";
import { el } from "./dom.js";

const PATH = "/api/v1/session";

/** Return who is signed in: by the link in the address, which works once, else by the cookie; null for nobody. */
export async function restore() {
  const token = new URLSearchParams(location.hash.slice(1)).get("link");
  if (token !== null) {
    history.replaceState(null, "", location.pathname === "/sign-in" ? "/status" : location.pathname);  // a link must not stay in the address, nor in the history
    return keep(await call("POST", PATH, { link: token }));
  }
  try {
    return keep(await call("GET", PATH));
  } catch (refused) {
    if (refused.status === 401) return null;
    throw refused;
  }
}

/** Sign out. */
export async function signOut() {
  await call("DELETE", PATH);
  keepToken(null);
}

function keep(session) {
  keepToken(session.csrfToken);
  return session;
}

/** The form. `onSignedIn` gets the session; `trouble` is shown at first. */
export function makeSignIn(onSignedIn, trouble = "") {
  const problem = el("p", { class: "problem", role: "alert" }, trouble);
  const button = el("button", { class: "primary", type: "submit" }, "Sign in");
  const field = (name, label, attributes) =>
    el("label", { class: "field" }, el("span", {}, label), el("input", { name, required: true, ...attributes }));
  const form = el("form", { class: "card sign-in" },
    el("h1", {}, "Sign in"),
    el("p", { class: "soft" }, "The status of your projects is shown to operators of their tenant."),
    field("email", "E-mail", { type: "email", autocomplete: "username" }),
    field("password", "Password", { type: "password", autocomplete: "current-password" }),
    el("details", {}, el("summary", {}, "Another tenant"), field("tenant", "Tenant", { value: "default", autocomplete: "organization" })),
    problem, button,
    el("p", { class: "soft small" }, "No password yet? An admin makes a sign-in link with ", el("code", {}, "syncd user link"), "."));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    problem.textContent = "";
    button.disabled = true;
    const { tenant, email, password } = Object.fromEntries(new FormData(form));
    try {
      onSignedIn(keep(await call("POST", PATH, { tenant, email, password })));
    } catch (refused) {
      problem.textContent = `${refused.message} ${refused.hint}`;
      form.elements.password.focus();
    } finally {
      button.disabled = false;
    }
  });
  return form;
}
