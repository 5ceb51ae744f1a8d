// The servers: whether they answer, and what GitHub still allows.
import { el, swap } from "./dom.js";
import { time } from "./times.js";

/** Make the line; `update` takes the servers. */
export function makeTopline() {
  const node = el("section", { class: "topline", "aria-label": "Servers" });
  return {
    node,
    update(servers) {
      if (servers === null) return;
      swap(node,
        server("Postgres", servers.postgres),
        server("Redis", servers.redis),
        (servers.github ?? []).map(budget),
        el("div", { class: "server soft" }, el("span", { class: "label" }, "syncd"), el("span", {}, servers.version)),
        [servers.postgres, servers.redis].filter((one) => one?.message).map((one) => el("p", { class: "warning", role: "alert" }, `${one.message} ${one.hint ?? ""}`)),
        servers.truncated ? el("p", { class: "warning" }, "There are more projects than are shown here.") : null,
      );
    },
  };
}

function server(name, { status, message } = { status: "down" }) {
  const state = status !== "up" ? "down" : message ? "odd" : "up";
  return el("div", { class: `server ${state}` }, el("span", { class: "dot", "aria-hidden": true }), el("span", { class: "label" }, name), el("span", {}, state === "odd" ? "up, with a warning" : status));
}

function budget(one) {
  const name = `GitHub ${(one.credential ?? "").replaceAll("_", " ")}`;
  if (one.remaining === null) return el("div", { class: "server soft" }, el("span", { class: "label" }, name), el("span", {}, "not asked yet"));
  const isLow = one.remaining < one.limit * 0.1;
  return el("div", { class: `server ${one.waitingUntil || isLow ? "odd" : "up"}`, title: `${one.resource} budget, credential ${one.id}` },
    el("span", { class: "dot", "aria-hidden": true }), el("span", { class: "label" }, name),
    el("span", {}, `${one.remaining.toLocaleString("en")} of ${one.limit.toLocaleString("en")}`),
    one.waitingUntil ? el("span", { class: "soft" }, "waits, ", time(one.waitingUntil, "left")) : null);
}
