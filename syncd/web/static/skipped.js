// Files that match the project's globs and are not mirrored, with the reason.
import { call } from "./api.js";
import { el, toast } from "./dom.js";

/** Make the list of `files`, a page of them; more come when they are asked for. */
export function makeSkipped(project, files) {
  const rows = el("tbody", {});
  const count = el("p", { class: "soft small" });
  const more = el("button", { type: "button", class: "quiet" }, "More files");
  let cursor = null;
  const add = (page) => {
    rows.append(...page.items.map(row));
    cursor = page.nextCursor;
    more.hidden = cursor === null;
    count.textContent = cursor === null ? "" : `${rows.childElementCount} of ${page.total} are shown.`;
  };
  more.addEventListener("click", async () => {
    more.disabled = true;
    try {
      add((await call("GET", `/status/${encodeURIComponent(project.name)}?skipped=${encodeURIComponent(cursor)}`)).skippedFiles);
    } catch (refused) {
      toast(`${refused.message} ${refused.hint ?? ""}`, "bad");
    } finally {
      more.disabled = false;
    }
  });
  add(files);
  return el("section", { class: "card" }, el("h2", {}, "Skipped files"),
    files.items.length === 0 ? el("p", { class: "soft" }, "None: everything that the project asks for is mirrored.") :
      el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Skipped files" }, el("table", { class: "plain" },
        el("thead", {}, el("tr", {}, ["Path", "Reason", "Size"].map((name) => el("th", { scope: "col", class: name === "Size" ? "number" : null }, name)))),
        rows)),
    count, more);
}

function row(file) {
  return el("tr", {}, el("td", { class: "path" }, file.path), el("td", {}, file.reason.replaceAll("_", " ")), el("td", { class: "number" }, file.size === null ? "–" : bytes(file.size)));
}

function bytes(count) {
  for (const unit of ["B", "KiB", "MiB"]) {
    if (count < 1024) return `${count < 10 && unit !== "B" ? count.toFixed(1) : Math.round(count)} ${unit}`;
    count /= 1024;
  }
  return `${count.toFixed(1)} GiB`;
}
