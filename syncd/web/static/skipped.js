// Files that match the project's globs and are not mirrored, with the reason.
import { el } from "./dom.js";

/** Make the list of `files`. */
export function makeSkipped(project, files) {
  return el("section", { class: "card" }, el("h2", {}, "Skipped files"),
    files.items.length === 0 ? el("p", { class: "soft" }, "None: everything that the project asks for is mirrored.") :
      el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Skipped files" }, el("table", { class: "plain" },
        el("thead", {}, el("tr", {}, ["Path", "Reason", "Size"].map((name) => el("th", { scope: "col", class: name === "Size" ? "number" : null }, name)))),
        el("tbody", {}, files.items.map((file) => el("tr", {}, el("td", { class: "path" }, file.path), el("td", {}, file.reason.replaceAll("_", " ")), el("td", { class: "number" }, file.size === null ? "–" : bytes(file.size))))))),
    files.total > files.items.length ? el("p", { class: "soft small" }, `${files.items.length} of ${files.total} are shown.`) : null);
}

function bytes(count) {
  for (const unit of ["B", "KiB", "MiB"]) {
    if (count < 1024) return `${count < 10 && unit !== "B" ? count.toFixed(1) : Math.round(count)} ${unit}`;
    count /= 1024;
  }
  return `${count.toFixed(1)} GiB`;
}
