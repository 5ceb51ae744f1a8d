// How a project stands: always a colour and a word.
import { el } from "./dom.js";

export const CONDITIONS = ["stalled", "frozen", "waiting", "syncing", "ready"];

const MEANS = {
  ready: "What is published is what the source has.",
  syncing: "A sync is running.",
  waiting: "It goes on by itself.",
  frozen: "A person stopped its syncs. Reads go on.",
  stalled: "A person must act.",
};

/** The condition as a pill. */
export function pill(condition) {
  return el("span", { class: `pill ${condition in MEANS ? condition : "waiting"}`, title: MEANS[condition] },
    el("span", { class: "dot", "aria-hidden": true }), condition);
}

/** What troubles a project, with what to do; nothing where it is well. */
export function trouble(project) {
  const error = project.lastError;
  if (error === null || error === undefined) return null;
  return el("div", { class: "trouble" },
    el("p", {}, error.message ?? error.code),
    error.hint ? el("p", { class: "soft" }, error.hint) : null);
}

/** How far a running sync is. */
export function progress(project) {
  const now = project.progress;
  if (!now) return null;
  const counts = now.total > 0 ? ` ${now.done} of ${now.total}` : "";
  return el("div", { class: "progress" },
    el("progress", now.total > 0 ? { max: now.total, value: now.done, "aria-label": `${now.phase}${counts}` } : { "aria-label": now.phase }),
    el("span", { class: "soft small" }, `${now.phase}${counts}`));
}
