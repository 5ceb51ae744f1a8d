// Elements, made without any markup: every string becomes text, whatever is in it.

/** Make an element. `attributes`: strings, `true` for a bare one, nothing for null and false; `on…` are listeners. */
export function el(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** Make an element of SVG. */
export function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** Put other content into `node`. */
export function swap(node, ...children) {
  node.replaceChildren();
  fill(node, {}, children);
}

/** A link, but only to the web: a source may call itself `javascript:…`. */
export function link(url, text, attributes = {}) {
  let parsed = null;
  try { parsed = new URL(url); } catch { /* no address: shown as text */ }
  if (parsed === null || !["https:", "http:"].includes(parsed.protocol)) return el("span", attributes, text);
  return el("a", { ...attributes, href: parsed.href, rel: "noreferrer", target: "_blank" }, text);
}

/** Say something to who cannot see the page. */
export function announce(text) {
  document.getElementById("announcer").textContent = text;
}

/** Show a short message for a while, and say it. */
export function toast(text, kind = "good") {
  const node = el("p", { class: `toast ${kind}` }, text);
  document.getElementById("toasts").append(node);
  announce(text);
  setTimeout(() => node.remove(), 8000);
}
