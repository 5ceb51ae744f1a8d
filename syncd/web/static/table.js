// The projects in a table, a page of rows at a time: a thousand projects are ten pages, and only shown rows are drawn.
import { el } from "./dom.js";
import { makeFilters } from "./filters.js";
import { COLUMNS, makeRow } from "./row.js";

const ROWS = 100;

/** Make the table of the projects in `store`. */
export function makeTable(store) {
  let page = 0;
  const rows = new Map();  // id to the row and the project that it shows
  const body = el("tbody", { role: "rowgroup" });
  const said = el("p", { class: "soft small", id: "shown", role: "status" });
  const turn = (label, step) => el("button", { type: "button", class: "quiet", onclick: () => { page += step; draw(); table.scrollIntoView({ block: "start" }); } }, label);
  const [back, forth] = [turn("Previous", -1), turn("Next", 1)];
  const filters = makeFilters(() => { page = 0; draw(); });
  const table = el("table", { role: "table", class: "projects" },
    el("caption", { class: "hidden" }, "Projects, how they stand, and who holds their locks"),
    el("thead", { role: "rowgroup" }, el("tr", { role: "row" }, COLUMNS.map((name) => el("th", { role: "columnheader", scope: "col", class: name === "Documents" ? "number" : null }, name)))),
    body);
  const empty = el("p", { class: "note" });

  function draw() {
    const all = [...store.projects.values()];
    const chosen = filters.choose(all);
    const pages = Math.max(1, Math.ceil(chosen.length / ROWS));
    page = Math.min(Math.max(page, 0), pages - 1);
    const shown = chosen.slice(page * ROWS, (page + 1) * ROWS);
    place(shown);
    back.disabled = page === 0;
    forth.disabled = page === pages - 1;
    back.hidden = forth.hidden = pages === 1;
    table.hidden = shown.length === 0;
    empty.hidden = shown.length > 0;
    empty.textContent = all.length > 0 ? "No project is like that." : store.isComplete() ? "There is no project yet: `syncd project add --repo OWNER/NAME` adds one." : "Loading…";
    const from = page * ROWS;
    const text = pages === 1 ? `${chosen.length} of ${all.length} projects` : `${from + 1} to ${from + shown.length} of ${chosen.length} projects`;
    if (said.textContent !== text) said.textContent = text;
  }

  /** Put the rows in order with as few changes as can be: what has the focus keeps it. */
  function place(shown) {
    let next = body.firstElementChild;
    const wanted = new Set(shown.map((project) => project.id));
    for (const project of shown) {
      const row = findRow(project);
      if (row === next) next = next.nextElementSibling;
      else body.insertBefore(row, next);
    }
    for (const [id, { row }] of rows) {
      if (wanted.has(id)) continue;
      row.remove();
      rows.delete(id);
    }
  }

  function findRow(project) {
    const known = rows.get(project.id);
    if (known?.project === project) return known.row;
    const row = makeRow(project);
    if (known) {
      const hadFocus = known.row.contains(document.activeElement);
      known.row.replaceWith(row);
      if (hadFocus) row.querySelector("a").focus();
    }
    rows.set(project.id, { row, project });
    return row;
  }

  draw();
  return {
    node: el("section", { "aria-label": "Projects" }, filters.node, table, empty, el("nav", { class: "pages", "aria-label": "Pages" }, back, said, forth)),
    title: "Projects",
    update: draw,
  };
}
