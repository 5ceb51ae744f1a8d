// One project: how it stands, what can be done, and what happened.
import { makeActions } from "./actions.js";
import { call } from "./api.js";
import { commits } from "./commits.js";
import { pill, trouble } from "./conditions.js";
import { el, link, swap } from "./dom.js";
import { makePlain, makeSkipped } from "./files.js";
import { makeHistory } from "./history.js";
import { lock } from "./locks.js";
import { makePhases } from "./phases.js";
import { makePlot } from "./plot.js";
import { place } from "./row.js";
import { makeRuns } from "./runs.js";
import { time } from "./times.js";

const AGAIN_MS = 300;  // several events of one sync are one question

/** How many of its chunks have vectors, where a model was chosen. */
function vectors({ vectors: state }) {
  if (!state) return "";
  return ` (${state.chunks ? Math.floor((100 * state.embedded) / state.chunks) : 100} % with vectors${state.reason ? `: ${state.reason}` : ""})`;
}

/** Make the page of the project that is called `name`. */
export function makeProject(store, name, session) {
  const head = el("div", {});
  const sections = el("div", { class: "sections" });
  const node = el("article", {}, el("p", {}, el("a", { href: "/status", "data-route": true, class: "back" }, "← All projects")), head, sections);
  const actions = makeActions(session);
  const phases = makePhases();
  let shown = null;
  let asked = null;
  let waiting = 0;

  function update(ids) {
    const project = store.find(name);
    if (project === shown && ids !== null) return;
    const isFirst = shown === null;
    const isNews = isFirst || project === undefined || stamp(project) !== stamp(shown);
    shown = project ?? null;
    drawHead(project);
    if (project && isNews) askSoon(project, isFirst ? 0 : AGAIN_MS);
  }

  function drawHead(project) {
    if (project === undefined) {
      const gone = store.isComplete() ? `There is no project ${name}, or it is not yours.` : "Loading…";
      swap(head, el("h1", {}, name), el("p", { class: "note" }, gone));
      actions.update(null);
      return sections.replaceChildren();
    }
    phases.update(project);
    actions.update(project);
    if (!actions.node.isConnected) swap(head, title, actions.node, phases.node, facts);
    swap(title, el("h1", {}, project.name), pill(project.condition), el("p", { class: "soft" }, project.originUrl ? link(project.originUrl, place(project)) : place(project)));
    swap(facts,
      fact("Published", commits(project), project.syncedAt ? el("div", { class: "soft small" }, time(project.syncedAt)) : null),
      fact("Lock", lock(project)),
      fact("Documents", project.documents.toLocaleString("en"), el("div", { class: "soft small" }, `${project.chunks.toLocaleString("en")} chunks${vectors(project)} · ${project.skipped.toLocaleString("en")} skipped`)),
      fact("Last look", project.checkedAt ? time(project.checkedAt) : "never", project.nextTry ? el("div", { class: "soft small" }, time(project.nextTry, "next")) : null),
      project.lastError ? fact("Trouble", trouble(project), el("code", { class: "soft small" }, project.lastError.code)) : null);
  }

  const title = el("div", { class: "title" });
  const facts = el("dl", { class: "facts-grid card" });

  function askSoon(project, delay) {
    clearTimeout(waiting);
    waiting = setTimeout(async () => {
      const mine = asked = {};
      try {
        const detail = await call("GET", `/status/${encodeURIComponent(project.name)}`);
        if (mine === asked) draw(project, detail);
      } catch (refused) {
        if (mine === asked) sections.replaceChildren(el("p", { class: "note" }, `${refused.message} ${refused.hint}`));
      }
    }, delay);
  }

  function draw(project, detail) {
    sections.replaceChildren(makePlot(detail.freshness), makeRuns(project, detail.runs), makeHistory(project, detail.lockEvents), makeSkipped(project, detail.skippedFiles),
      ...makePlain(project, detail.plainDocuments));
  }

  update(null);
  return { node, title: name, update };
}

/** What the sections depend on. */
function stamp(project) {
  return JSON.stringify([project.id, project.revision, project.lastSync?.startedAt, project.lastSync?.outcome, project.lockedBy, project.fence, project.lockKind]);
}

function fact(name, ...content) {
  return el("div", {}, el("dt", {}, name), el("dd", {}, content));
}
