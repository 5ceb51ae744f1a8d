// What happened to the lock.
import { el } from "./dom.js";
import { makeMore } from "./more.js";
import { time } from "./times.js";

const WORDS = {
  acquire: "taken", release: "given back", renew_lost: "lost", expire_takeover: "taken over after it ran out", freeze: "frozen", unfreeze: "unfrozen",
  freeze_ended: "unfrozen, its time had come", force_release: "released by force", clamp: "cut: a clock had jumped", redis_rebuilt: "shown in Redis again",
};

/** Make the list of `events`, a page of them; older ones come when they are asked for. */
export function makeHistory(project, events) {
  const list = el("ol", { class: "events" });
  const more = makeMore(project, "Older", { query: "events", field: "lockEvents", add: (page) => list.append(...page.items.map(line)) });
  more.show(events);
  return el("section", { class: "card" }, el("h2", {}, "Lock history"), events.items.length === 0 ? el("p", { class: "soft" }, "Nothing yet.") : list, more.node);
}

function line(event) {
  return el("li", {},
    el("div", {}, el("strong", { class: `event ${event.action}` }, WORDS[event.action] ?? event.action), " by ", el("span", { class: "holder" }, event.actor),
      event.previousHolder && event.previousHolder !== event.actor ? ` from ${event.previousHolder}` : null),
    event.reason ? el("div", { class: "reason" }, event.reason) : null,
    el("div", { class: "soft small facts" }, time(event.at), event.fence === null ? null : el("span", {}, `fence ${event.fence}`),
      event.requestId ? el("span", { class: "request" }, `request ${event.requestId}`) : null));
}
