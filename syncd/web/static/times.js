// Times as people say them. What is shown as "3 min ago" is kept true by one timer.
import { el } from "./dom.js";

const UNITS = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];

/** Seconds as one or two units: 75 is "1 min", 3700 is "1 h 1 min". */
export function span(seconds) {
  let left = Math.max(0, Math.round(seconds));
  const parts = [];
  for (const [unit, size] of UNITS) {
    const count = Math.floor(left / size);
    if (count > 0 || (unit === "s" && parts.length === 0)) parts.push(`${count} ${unit}`);
    left -= count * size;
    if (parts.length === 2 || (parts.length === 1 && (unit === "min" || count >= 10))) break;
  }
  return parts.join(" ");
}

/** Milliseconds as they are read. */
export function milliseconds(count) {
  return count < 1000 ? `${Math.round(count)} ms` : `${(count / 1000).toFixed(count < 10000 ? 1 : 0)} s`;
}

const FORMS = {
  ago: (seconds) => (seconds < 1 ? "just now" : `${span(seconds)} ago`),
  since: (seconds) => `for ${span(seconds)}`,
  heard: (seconds) => `heard ${span(seconds)} ago`,
  left: (seconds) => (seconds < 0 ? `${span(-seconds)} left` : "ends now"),
  next: (seconds) => (seconds < 0 ? `next try in ${span(-seconds)}` : "next try now"),
};

/** An element that says how long ago (or ahead) a moment is: ago, since, heard, left or next. */
export function time(moment, form = "ago") {
  const node = el("time", { datetime: moment, "data-form": form, title: new Date(moment).toLocaleString() });
  show(node);
  return node;
}

function show(node) {
  const seconds = (Date.now() - Date.parse(node.dateTime)) / 1000;
  const text = FORMS[node.dataset.form](seconds);
  if (node.textContent !== text) node.textContent = text;
}

/** Keep every such element true. */
export function keepTimes() {
  setInterval(() => document.querySelectorAll("time[data-form]").forEach(show), 1000);
}
