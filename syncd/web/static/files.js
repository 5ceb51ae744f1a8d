// Files of which less is there than the project asks for, with the reason: skipped ones, and documents that were cut as plain text.
import { el } from "./dom.js";
import { makeMore } from "./more.js";

/** Make the list of `files` that match the project's globs and are not mirrored. */
export function makeSkipped(project, files) {
  const row = (file) => [el("td", { class: "path" }, file.path), el("td", {}, file.reason.replaceAll("_", " ")),
    el("td", { class: "number" }, file.size === null ? "–" : bytes(file.size))];
  const list = { title: "Skipped files", heads: ["Path", "Reason", "Size"], row, query: "skipped", field: "skippedFiles", label: "More files" };
  return files.items.length > 0 ? makeList(project, files, list) :
    el("section", { class: "card" }, el("h2", {}, list.title), el("p", { class: "soft" }, "None: everything that the project asks for is mirrored."));
}

/** Make the list of `documents` whose structure could not be read; nothing where there are none. */
export function makePlain(project, documents) {
  if (documents.items.length === 0) return [];
  const row = (one) => [el("td", { class: "path" }, one.path), el("td", {}, one.reason)];
  const list = { title: "Read as plain text", heads: ["Path", "Reason"], row, query: "plain", field: "plainDocuments", label: "More documents" };
  return [makeList(project, documents, list, el("p", { class: "soft small" }, "Mirrored, read and found, but without headings, anchors and links of their own."))];
}

function makeList(project, files, { title, heads, row, query, field, label }, note = null) {
  const rows = el("tbody", {});
  const count = el("p", { class: "soft small" });
  const more = makeMore(project, label, { query, field, add: (page) => {
    rows.append(...page.items.map((file) => el("tr", {}, row(file))));
    const total = page.total ? ` of ${page.total}` : "";
    count.textContent = page.nextCursor === null ? "" : `${rows.childElementCount}${total} are shown.`;
  } });
  more.show(files);
  return el("section", { class: "card" }, el("h2", {}, title), note,
    el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": title }, el("table", { class: "plain" },
      el("thead", {}, el("tr", {}, heads.map((name) => el("th", { scope: "col", class: name === "Size" ? "number" : null }, name)))),
      rows)),
    count, more.node);
}

function bytes(count) {
  for (const unit of ["B", "KiB", "MiB"]) {
    if (count < 1024) return `${count < 10 && unit !== "B" ? count.toFixed(1) : Math.round(count)} ${unit}`;
    count /= 1024;
  }
  return `${count.toFixed(1)} GiB`;
}
