// A list that comes page by page: the button that asks for the page behind.
import { call } from "./api.js";
import { el, toast } from "./dom.js";

/** Make the button `label`; `add` gets each page, which the server keeps as `field` and finds by its cursor in `query`. */
export function makeMore(project, label, { query, field, add }) {
  const node = el("button", { type: "button", class: "quiet" }, label);
  let cursor = null;
  const show = (page) => {
    cursor = page.nextCursor;
    node.hidden = cursor === null;
    add(page);
  };
  node.addEventListener("click", async () => {
    node.disabled = true;
    try {
      show((await call("GET", `/status/${encodeURIComponent(project.name)}?${query}=${encodeURIComponent(cursor)}`))[field]);
    } catch (refused) {
      toast(`${refused.message} ${refused.hint ?? ""}`, "bad");
    } finally {
      node.disabled = false;
    }
  });
  return { node, show };
}
