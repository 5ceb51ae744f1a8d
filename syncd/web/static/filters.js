// What of the projects is shown: those with a text, of a condition, in an order.
import { CONDITIONS } from "./conditions.js";
import { el } from "./dom.js";

const RANK = { stalled: 0, frozen: 1, waiting: 2 };
// What a sync does must not make rows jump: running and ready ones stand in one order, by name.
const byNeed = (one, other) => (RANK[one.condition] ?? 3) - (RANK[other.condition] ?? 3) || byName(one, other);
const byName = (one, other) => (one.name < other.name ? -1 : one.name > other.name ? 1 : 0);
const bySync = (one, other) => (other.lastSync?.startedAt ?? "").localeCompare(one.lastSync?.startedAt ?? "") || byName(one, other);
const ORDERS = { need: ["needs attention first", byNeed], name: ["by name", byName], sync: ["last synced first", bySync] };

/** Make the filters. `onChange` is called when another choice is made. */
export function makeFilters(onChange) {
  let condition = null;
  const text = el("input", { type: "search", name: "text", placeholder: "Filter by name, source or reason", "aria-label": "Filter projects", autocomplete: "off", spellcheck: "false" });
  const order = el("select", { name: "order", "aria-label": "Order" }, Object.entries(ORDERS).map(([value, [label]]) => el("option", { value }, label)));
  const chips = new Map([null, ...CONDITIONS].map((name) => {
    const count = el("span", { class: "count" }, "0");
    const button = el("button", { type: "button", class: `chip ${name ?? "all"}`, "aria-pressed": String(name === null) },
      name ? el("span", { class: "dot", "aria-hidden": true }) : null, name ?? "all", " ", count);
    button.addEventListener("click", () => {
      condition = condition === name ? null : name;
      for (const [other, chip] of chips) chip.button.setAttribute("aria-pressed", String(other === condition));
      onChange();
    });
    return [name, { button, count }];
  }));
  text.addEventListener("input", onChange);
  order.addEventListener("change", onChange);

  return {
    node: el("div", { class: "filters" },
      el("div", { class: "chips", role: "group", "aria-label": "Condition" }, [...chips.values()].map((chip) => chip.button)),
      el("div", { class: "search" }, text, order)),
    /** Return the projects to be shown, and count those of each condition. */
    choose(projects) {
      const counts = new Map();
      for (const project of projects) counts.set(project.condition, (counts.get(project.condition) ?? 0) + 1);
      for (const [name, chip] of chips) {
        const count = String(name === null ? projects.length : counts.get(name) ?? 0);
        if (chip.count.textContent !== count) chip.count.textContent = count;
        chip.button.classList.toggle("none", count === "0");
      }
      const wanted = text.value.trim().toLowerCase();
      return projects
        .filter((project) => (condition === null || project.condition === condition) && matches(project, wanted))
        .sort(ORDERS[order.value][1]);
    },
  };
}

function matches(project, wanted) {
  if (wanted === "") return true;
  const said = [project.name, project.origin, project.branch, project.lockedBy, project.lockReason, project.reason, project.message];
  return said.some((text) => text && text.toLowerCase().includes(wanted));
}
