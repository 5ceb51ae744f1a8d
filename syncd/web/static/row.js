// One project in the table. On a phone each cell says by itself what it is.
import { commits } from "./commits.js";
import { pill, progress, trouble } from "./conditions.js";
import { el } from "./dom.js";
import { lock } from "./locks.js";
import { time } from "./times.js";

export const COLUMNS = ["Project", "Condition", "Lock", "Published", "Documents", "Last sync"];

/** The address of a project's page. */
export function pathOf(project) {
  return `/status/${encodeURIComponent(project.name)}`;
}

/** The row of a project. */
export function makeRow(project) {
  const cells = [
    [el("a", { class: "name", href: pathOf(project), "data-route": true }, project.name), el("div", { class: "soft small origin", title: project.origin }, place(project))],
    [pill(project.condition), progress(project), trouble(project)],
    lock(project),
    commits(project),
    documents(project),
    lastSync(project),
  ];
  return el("tr", { role: "row", class: project.condition, "data-id": project.id },
    cells.map((content, index) => index === 0
      ? el("th", { role: "rowheader", scope: "row", "data-label": COLUMNS[index] }, content)
      : el("td", { role: "cell", "data-label": COLUMNS[index], class: index === 4 ? "number" : null }, content)));
}

/** Where a project comes from. */
export function place(project) {
  return project.branch ? `${project.origin} · ${project.branch}` : project.origin;
}

function documents(project) {
  return [
    el("div", {}, project.documents.toLocaleString("en")),
    project.skipped > 0 ? el("div", { class: "soft small" }, `${project.skipped.toLocaleString("en")} skipped`) : null,
  ];
}

function lastSync(project) {
  const run = project.lastSync;
  return [
    run === null ? el("span", { class: "soft" }, "never") : el("div", { class: run.outcome === "failed" ? "bad" : null }, time(run.startedAt), run.outcome === "failed" ? " · failed" : ""),
    project.checkedAt && project.condition === "ready" ? el("div", { class: "soft small" }, "checked ", time(project.checkedAt)) : null,
    project.nextTry ? el("div", { class: "soft small" }, time(project.nextTry, "next")) : null,
  ];
}
