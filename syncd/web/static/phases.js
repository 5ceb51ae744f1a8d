// The phases of a running sync: which are behind, which goes on.
import { el, swap } from "./dom.js";
import { time } from "./times.js";

const PHASES = ["gather", "plan", "fetch", "chunk", "apply"];

/** Make the steps; they are seen while a sync runs. */
export function makePhases() {
  const node = el("div", { class: "phases card" });
  node.hidden = true;
  return {
    node,
    update({ progress }) {
      node.hidden = !progress;
      if (!progress) return node.replaceChildren();
      const at = PHASES.indexOf(progress.phase);
      swap(node,
        el("ol", { "aria-label": "Phases of the running sync" }, PHASES.map((name, index) =>
          el("li", { class: index < at ? "done" : index === at ? "now" : "later", "aria-current": index === at ? "step" : null }, name))),
        progress.total > 0 ? el("progress", { max: progress.total, value: progress.done, "aria-label": "Documents" }) : el("progress", { "aria-label": progress.phase }),
        el("p", { class: "soft small" }, progress.total > 0 ? `${progress.done} of ${progress.total} documents · ` : "", "running ", time(progress.startedAt, "since")));
    },
  };
}
