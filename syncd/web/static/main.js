// The page: who is signed in, which part is shown, and the events that keep it true.
import { call } from "./api.js";
import { announce, el, toast } from "./dom.js";
import { makeProject } from "./project.js";
import { makeSignIn, restore, signOut } from "./session.js";
import { makeStore } from "./store.js";
import { follow } from "./stream.js";
import { makeTable } from "./table.js";
import { keepTimes } from "./times.js";
import { makeTopline } from "./topline.js";

const content = document.getElementById("content");
const topline = makeTopline();
let servers = null;
let session = null;
let stream = null;
let view = null;
let liveSince = null;

const store = makeStore({
  onChange: (ids) => view?.update(ids),
  onServers: (told) => { servers = told; topline.update(told); },
});

function showState(state) {
  const live = document.getElementById("live");
  if (state === "live") liveSince = new Date();
  if (live.dataset.state === state) return;
  live.dataset.state = state;
  const text = { live: "Live", stale: `Stale since ${(liveSince ?? new Date()).toLocaleTimeString()}, reconnecting`, off: "Not connected" }[state];
  document.getElementById("live-text").textContent = text;
  announce(text);
}

function showSignIn(trouble = "") {
  stream?.stop();
  stream = view = session = null;
  store.projects.clear();  // whoever signs in next may be of another tenant
  showState("off");
  document.getElementById("who").replaceChildren();
  document.title = "Sign in · syncd";
  content.replaceChildren(makeSignIn(open, trouble));
  content.querySelector("input").focus();
}

function open(signedIn) {
  session = signedIn;
  const leave = session.isPublic ? el("button", { class: "quiet", type: "button", onclick: () => showSignIn() }, "Sign in") : el("button", { class: "quiet", type: "button", onclick: async () => {
    try { await signOut(); } catch (refused) { toast(refused.message, "bad"); }
    showSignIn();
  } }, "Sign out");
  document.getElementById("who").replaceChildren(el("span", { class: "soft" }, session.isPublic ? "public view" : `${session.actor} · ${session.tenant}`), leave);
  stream = follow({
    onEvent: (kind, body) => store.take(kind, body),
    onState: showState,
    onRefused: () => showSignIn("Your session has ended. Sign in again."),
  });
  show();
}

/** Whether the operator lets everybody look. */
async function isPublic() {
  try {
    await call("GET", "/status");
    return true;
  } catch {
    return false;
  }
}

function show() {
  const name = /^\/status\/([^/]+)$/.exec(location.pathname)?.[1];
  view = name === undefined ? makeTable(store) : makeProject(store, decodeURIComponent(name), session);
  document.title = `${view.title} · syncd`;
  topline.update(servers);
  content.replaceChildren(topline.node, view.node);
}

// Within the page a link changes what is shown; the events go on.
document.addEventListener("click", (event) => {
  const target = event.target.closest("a[data-route]");
  if (!target || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  if (session === null) return;
  history.pushState(null, "", target.href);
  show();
  scrollTo(0, 0);
  content.focus();
});
addEventListener("popstate", () => { if (session !== null) show(); });
// A sign-in link that is opened where the page is open already changes nothing but the address.
addEventListener("hashchange", () => { if (location.hash.startsWith("#link=")) location.reload(); });

keepTimes();
try {
  const found = await restore();
  if (found !== null) open(found);
  else if (await isPublic()) open({ isPublic: true, scopes: [] });
  else showSignIn();
} catch (refused) {
  showSignIn(`${refused.message} ${refused.hint ?? ""}`);
}
