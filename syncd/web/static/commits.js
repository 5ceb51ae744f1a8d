// Commits and revisions, with the way to them.
import { el, link } from "./dom.js";

/** A commit by its first digits, linked where its source has pages. */
export function commit(project, sha) {
  if (!sha) return el("span", { class: "soft" }, "no commit");
  const short = el("code", {}, sha.slice(0, 8));
  if (!project.originUrl) return el("span", { title: sha }, short);
  return link(`${project.originUrl}/commit/${encodeURIComponent(sha)}`, short, { title: sha, "aria-label": `Commit ${sha.slice(0, 8)}` });
}

/** What is published, and what is wanted where that is another. */
export function commits(project) {
  const parts = [];
  if (project.revision === 0) parts.push(el("span", { class: "soft" }, "nothing published yet"));
  else parts.push(el("div", {}, project.syncedCommit ? commit(project, project.syncedCommit) : null, " ", el("span", { class: "soft" }, `r${project.revision}`)));
  if (project.desiredCommit && project.desiredCommit !== project.syncedCommit) {
    parts.push(el("div", { class: "small" }, el("span", { class: "soft" }, "wanted "), commit(project, project.desiredCommit)));
  }
  return parts;
}
