// What happened to the lock.
import { call } from "./api.js";
import { el, toast } from "./dom.js";
import { time } from "./times.js";

const WORDS = {
  acquire: "taken", release: "given back", renew_lost: "lost", expire_takeover: "taken over after it ran out", freeze: "frozen", unfreeze: "unfrozen",
  freeze_ended: "unfrozen, its time had come", force_release: "released by force", clamp: "cut: a clock had jumped", redis_rebuilt: "shown in Redis again",
};

/** Make the list of `events`, a page of them; older ones come when they are asked for. */
export function makeHistory(project, events) {
  const list = el("ol", { class: "events" });
  const more = el("button", { type: "button", class: "quiet" }, "Older");
  let cursor = null;
  const add = (page) => {
    list.append(...page.items.map(line));
    cursor = page.nextCursor;
    more.hidden = cursor === null;
  };
  more.addEventListener("click", async () => {
    more.disabled = true;
    try {
      add((await call("GET", `/status/${encodeURIComponent(project.name)}?events=${encodeURIComponent(cursor)}`)).lockEvents);
    } catch (refused) {
      toast(`${refused.message} ${refused.hint ?? ""}`, "bad");
    } finally {
      more.disabled = false;
    }
  });
  add(events);
  return el("section", { class: "card" }, el("h2", {}, "Lock history"), events.items.length === 0 ? el("p", { class: "soft" }, "Nothing yet.") : list, more);
}

function line(event) {
  return el("li", {},
    el("div", {}, el("strong", { class: `event ${event.action}` }, WORDS[event.action] ?? event.action), " by ", el("span", { class: "holder" }, event.actor),
      event.previousHolder && event.previousHolder !== event.actor ? ` from ${event.previousHolder}` : null),
    event.reason ? el("div", { class: "reason" }, event.reason) : null,
    el("div", { class: "soft small facts" }, time(event.at), event.fence === null ? null : el("span", {}, `fence ${event.fence}`),
      event.requestId ? el("span", { class: "request" }, `request ${event.requestId}`) : null));
}
