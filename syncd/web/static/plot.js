// Freshness over time: how long each change waited from the first look that saw it until readers did.
import { el, svg } from "./dom.js";
import { span } from "./times.js";

const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [1180, 150, 62, 12, 12, 24];
const STEPS = [1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600, 86400, 604800];

/** Make the plot of `points`, oldest first. */
export function makePlot(points) {
  const published = points.filter((point) => point.seconds !== null);
  const section = el("section", { class: "card" }, el("h2", {}, "Freshness"));
  if (published.length === 0) {
    section.append(el("p", { class: "soft" }, "Nothing was published yet."));
    return section;
  }
  const worst = Math.max(...published.map((point) => point.seconds));
  const middle = published.map((point) => point.seconds).sort((one, other) => one - other)[Math.floor((published.length - 1) / 2)];
  const said = `${published.length} changes: usually visible ${say(middle)} after they were seen, at worst ${say(worst)}.`;
  section.append(el("p", { class: "soft small" }, said), draw(points, worst, said));
  return section;
}

function draw(points, worst, said) {
  const top = STEPS.find((step) => step >= worst) ?? worst;
  const [first, last] = [Date.parse(points[0].at), Date.parse(points.at(-1).at)];
  const x = (at) => LEFT + (last === first ? 0.5 : (Date.parse(at) - first) / (last - first)) * (WIDTH - LEFT - RIGHT);
  // By the root: seconds can be told apart beside an hour.
  const y = (seconds) => HEIGHT - BOTTOM - Math.sqrt(seconds / top) * (HEIGHT - TOP - BOTTOM);
  const day = (at) => new Date(at).toLocaleString("en", { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hour12: false });
  const published = points.filter((point) => point.seconds !== null);
  const quarter = STEPS.findLast((step) => step <= top / 4) ?? top / 4;
  return svg("svg", { class: "plot", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": said },
    [0, quarter, top].map((value) => [
      svg("line", { class: "grid", x1: LEFT, x2: WIDTH - RIGHT, y1: y(value), y2: y(value) }),
      svg("text", { x: LEFT - 8, y: y(value) + 4, "text-anchor": "end" }, say(value))]),
    svg("text", { x: LEFT, y: HEIGHT - 4 }, day(points[0].at)),
    svg("text", { x: WIDTH - RIGHT, y: HEIGHT - 4, "text-anchor": "end" }, day(points.at(-1).at)),
    svg("polyline", { points: published.map((point) => `${x(point.at)},${y(point.seconds)}`).join(" ") }),
    points.map((point) => point.seconds === null
      ? svg("path", { class: "failed", d: `M${x(point.at) - 3},${y(0) - 7}l6,6m0,-6l-6,6` }, svg("title", {}, `failed, ${day(point.at)}`))
      : svg("circle", { cx: x(point.at), cy: y(point.seconds), r: 3.2 }, svg("title", {}, `${say(point.seconds)}, ${day(point.at)}`))));
}

function say(seconds) {
  return seconds < 1 && seconds > 0 ? `${Math.round(seconds * 1000)} ms` : span(seconds);
}
