// Line charts that grow: plain SVG, coloured by the style sheet.

import { element, entry } from "./api.js";

const [WIDTH, HEIGHT] = [420, 190];
const EDGE = { left: 40, right: 12, top: 10, bottom: 24 };

function shape(tag, attributes, text = "") {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (text) made.textContent = text;
  return made;
}

// About `count` round values from low to high.
export function ticks(low, high, count = 4) {
  const rough = (high - low) / count || 1;
  const size = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((each) => each * size).find((each) => each >= rough * 0.999);
  const found = [];
  for (let value = Math.ceil(low / step - 1e-6) * step; value <= high + step * 1e-6; value += step) found.push(value);
  return found;
}

const written = (value) => String(Number(value.toPrecision(3)));

export class Chart {
  constructor(box, { fromZero = false, digits = 2 } = {}) {
    this.fromZero = fromZero;
    this.digits = digits;
    this.svg = shape("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img" });
    this.words = element("p", "legend small");
    box.replaceChildren(this.svg, this.words);
    this.reset(1, []);
  }

  // Begin anew: epochs on the x axis, and the lines there are, `{ name, style }`;
  // one that is drawn beside another has no name, but `besides`, the other's.
  reset(epochs, lines) {
    this.epochs = Math.max(1, epochs);
    this.lines = lines.map((line) => ({ ...line, points: [] }));
    this.marks = [];
    this.draw();
  }

  add(index, epoch, value) {
    if (value !== null && value !== undefined) this.lines[index].points.push([epoch, value]);
  }

  mark(epoch) {
    this.marks.push(epoch);
  }

  draw() {
    const values = this.lines.flatMap(({ points }) => points.map(([, value]) => value));
    let [low, high] = [Infinity, -Infinity];
    for (const value of values) { low = Math.min(low, value); high = Math.max(high, value); }
    if (!values.length) [low, high] = [0, 1];
    if (this.fromZero) low = Math.min(0, low);
    if (high - low < 1e-9) high = low + 1;
    const pad = (high - low) * 0.06;
    high += pad;
    if (!this.fromZero) low -= pad;
    const x = (epoch) => EDGE.left + (epoch / this.epochs) * (WIDTH - EDGE.left - EDGE.right);
    const y = (value) => HEIGHT - EDGE.bottom - ((value - low) / (high - low)) * (HEIGHT - EDGE.top - EDGE.bottom);
    const parts = [];
    for (const tick of ticks(low, high)) {
      parts.push(shape("line", { class: "grid", x1: EDGE.left, x2: WIDTH - EDGE.right, y1: y(tick), y2: y(tick) }));
      parts.push(shape("text", { class: "tick", x: EDGE.left - 6, y: y(tick) + 3.5, "text-anchor": "end" }, written(tick)));
    }
    for (const tick of ticks(0, this.epochs, 6)) {
      parts.push(shape("text", { class: "tick", x: x(tick), y: HEIGHT - 7, "text-anchor": "middle" }, written(tick)));
    }
    for (const epoch of this.marks) {
      parts.push(shape("line", { class: "mark", x1: x(epoch), x2: x(epoch), y1: EDGE.top, y2: HEIGHT - EDGE.bottom }));
    }
    for (const { points, style } of this.lines) {
      const path = points.map(([epoch, value]) => `${x(epoch).toFixed(1)},${y(value).toFixed(1)}`).join(" ");
      parts.push(shape("polyline", { class: `curve ${style}`, points: path }));
    }
    this.svg.replaceChildren(...parts);
    this.tell();
  }

  tell() {
    const last = ({ points }) => (points.length ? points[points.length - 1][1].toFixed(this.digits) : "");
    this.words.replaceChildren(...this.lines.filter(({ name }) => name).map((line) => {
      const beside = this.lines.filter(({ besides }) => besides === line.name);
      const values = [line, ...beside].map(last).filter(Boolean).join(" / ");
      return entry(line.style, `${line.name} ${values.replaceAll("-", "−")}`);
    }));
    this.svg.setAttribute("aria-label", this.words.textContent || "No points yet");
  }
}
