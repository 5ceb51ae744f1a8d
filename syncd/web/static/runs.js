// The last runs: what each changed, and where its time went.
import { commit } from "./commits.js";
import { el } from "./dom.js";
import { milliseconds, time } from "./times.js";

const PHASES = ["gather", "plan", "fetch", "chunk", "apply"];

/** Make the table of `runs`, newest first. */
export function makeRuns(project, runs) {
  const rows = runs.map((run) => el("tr", {},
    el("td", {}, time(run.startedAt)),
    el("td", {}, el("span", { class: `outcome ${run.outcome}` }, run.outcome), run.error ? el("div", { class: "trouble small" }, el("p", {}, run.error.message ?? run.error.code)) : null),
    el("td", {}, run.toCommit ? commit(project, run.toCommit) : el("span", { class: "soft" }, "–"), el("span", { class: "soft" }, ` r${run.revision}`)),
    el("td", {}, changes(run)),
    el("td", { class: "number" }, `${run.requests}`),
    el("td", {}, phases(run.milliseconds))));
  return el("section", { class: "card" }, el("h2", {}, "Runs"),
    runs.length === 0 ? el("p", { class: "soft" }, "None yet.") :
      el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Runs" }, el("table", { class: "plain" },
        el("thead", {}, el("tr", {}, ["When", "Outcome", "Commit", "Changes", "Requests", "Phases"].map((name) => el("th", { scope: "col", class: name === "Requests" ? "number" : null }, name)))),
        el("tbody", {}, rows))));
}

function changes(run) {
  const counts = [["added", "+"], ["modified", "~"], ["renamed", "→"], ["deleted", "−"]].filter(([name]) => run[name] > 0);
  if (counts.length === 0) return el("span", { class: "soft" }, "nothing");
  return counts.map(([name, sign]) => el("span", { class: `change ${name}` }, `${sign}${run[name].toLocaleString("en")}`, el("span", { class: "hidden" }, ` ${name}`), " "));
}

function phases(spent) {
  const known = PHASES.filter((name) => spent[name] > 0);
  const total = known.reduce((sum, name) => sum + spent[name], 0);
  if (total === 0) return el("span", { class: "soft" }, "–");
  const text = known.map((name) => `${name} ${milliseconds(spent[name])}`).join(", ");
  const bar = el("div", { class: "stack", "aria-hidden": true }, known.map((name) => {
    const part = el("span", { class: name });
    part.style.flexGrow = String(spent[name] / total);
    return part;
  }));
  return el("div", { class: "spent", title: text }, bar, el("span", { class: "soft small" }, text));
}
