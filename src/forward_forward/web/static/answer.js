// What the net says: the answer, bars that stack layer by layer, and each layer alone.

import { element, entry, showPixels, unpack } from "./api.js";

const byId = (id) => document.getElementById(id);
const MOST_ROWS = 10; // of labels, where there are many
const FEW = 12;
const percent = (share) => `${(100 * share).toFixed(1)} %`;

export class Answer {
  constructor() {
    this.told = null;
    byId("from-zero").addEventListener("change", () => this.draw());
  }

  // Make ready for the answers of a net.
  fit(card) {
    this.card = card;
    this.told = null;
    const few = card.classes.length <= FEW;
    this.count = few ? card.classes.length : MOST_ROWS;
    this.makeRows();
    this.makeLayers();
    this.draw();
  }

  makeRows() {
    const { counted, units } = this.card;
    this.rows = Array.from({ length: this.count }, () => {
      const row = element("div", "bar-row");
      const name = element("span", "bar-name");
      const track = element("span", "track");
      const parts = units.map((_, layer) => {
        const part = element("span", `part layer-${layer % 6}`);
        part.style.transitionDelay = `${50 * layer}ms`;
        if (counted[layer]) track.append(part);
        return part;
      });
      const value = element("span", "bar-value");
      const share = element("span", "bar-share");
      row.append(name, track, value, share);
      return { row, name, parts, value, share };
    });
    const head = element("div", "bar-row bar-head muted small");
    head.append(element("span"), element("span"), element("span", "bar-value", "goodness"), element("span", "bar-share", "softmax"));
    byId("bars").replaceChildren(head, ...this.rows.map(({ row }) => row));
    byId("legend").replaceChildren(...units.map((width, layer) => (
      entry(`layer-${layer % 6}`, `layer ${layer + 1}, ${width} units${counted[layer] ? "" : " (not counted)"}`))));
  }

  makeLayers() {
    const { units, counted } = this.card;
    this.layers = units.map((_, layer) => {
      const figure = element("figure", "layer");
      const words = element("figcaption", "small");
      const chart = element("div", "columns-chart");
      const bars = Array.from({ length: this.count }, () => {
        const column = element("div", "column");
        const fill = element("span", `fill layer-${layer % 6}`);
        const name = element("span", "column-name");
        column.append(fill, name);
        chart.append(column);
        return { column, fill, name };
      });
      figure.append(words, chart);
      return { figure, words, bars, counted: counted[layer] };
    });
    byId("layers").replaceChildren(...this.layers.map(({ figure }) => figure));
    byId("bars-box").hidden = byId("layers-box").hidden = units.length === 0;
  }

  show(told) {
    this.told = told;
    this.draw();
  }

  draw() {
    const { told, card } = this;
    const blank = !told || told.blank;
    byId("label").textContent = blank ? "–" : card.classes[told.label];
    byId("label").classList.toggle("long", !blank && card.classes[told.label].length > 2);
    this.drawSoftmax(blank);
    if (told) showPixels(byId("seen"), unpack(told.seen), card.shape);
    const has = Boolean(told?.layers) && !blank;
    const shown = this.chosen(has);
    this.drawBars(has, shown);
    this.drawLayers(has, shown);
  }

  drawSoftmax(blank) {
    const { told, card } = this;
    let words = "–";
    if (!blank && told.softmax) {
      const best = told.softmax.indexOf(Math.max(...told.softmax));
      words = `${card.classes[best]}, ${percent(told.softmax[best])}`;
    }
    byId("second").textContent = words;
  }

  // Which labels are shown, and in which order: all, or of many the best.
  chosen(has) {
    const all = this.card.classes.map((_, index) => index);
    if (all.length <= this.count) return all;
    if (has) all.sort((a, b) => this.told.goodness[b] - this.told.goodness[a]);
    return all.slice(0, this.count);
  }

  drawBars(has, shown) {
    const { told, card } = this;
    const zero = byId("from-zero");
    const every = has ? told.layers.flat() : [];
    zero.disabled = every.some((value) => value < 0);
    const floor = card.units.map((_, layer) => (zero.checked && !zero.disabled) || !has ? 0 : Math.min(...told.layers[layer]));
    const above = (layer, label) => (card.counted[layer] ? told.layers[layer][label] - floor[layer] : 0);
    const total = (label) => card.units.reduce((sum, _, layer) => sum + above(layer, label), 0);
    const most = has ? Math.max(...card.classes.map((_, label) => total(label)), 1e-9) : 1;
    byId("bars-words").textContent = zero.checked && !zero.disabled
      ? "All of it. What the labels differ by is small beside what they share."
      : "How far each label stands above the lowest one, in each layer.";
    this.rows.forEach(({ row, name, parts, value, share }, index) => {
      const label = shown[index];
      name.textContent = card.classes[label];
      name.title = card.classes[label];
      row.classList.toggle("best", has && label === told.label);
      parts.forEach((part, layer) => { part.style.width = has ? `${(100 * above(layer, label)) / most}%` : "0%"; });
      value.textContent = has ? told.goodness[label].toFixed(2) : "";
      share.textContent = has && told.softmax ? percent(told.softmax[label]) : "";
    });
  }

  drawLayers(has, shown) {
    const { told, card } = this;
    this.layers.forEach(({ words, bars, counted }, layer) => {
      const values = has ? told.layers[layer] : [];
      const [low, high] = has ? [Math.min(...values), Math.max(...values)] : [0, 1];
      const best = values.indexOf(high);
      words.textContent = `Layer ${layer + 1}${counted ? "" : " (not counted)"}${has ? ` says ${card.classes[best]}` : ""}`;
      bars.forEach(({ column, fill, name }, index) => {
        const label = shown[index];
        fill.style.height = has ? `${Math.max(2, (100 * (values[label] - low)) / Math.max(high - low, 1e-9))}%` : "2%";
        name.textContent = card.classes[label].length > 2 ? "" : card.classes[label];
        column.title = has ? `${card.classes[label]}: ${values[label].toFixed(3)}` : card.classes[label];
        column.classList.toggle("best", has && label === best);
      });
    });
  }

  // The answer in words, for those who hear it.
  words() {
    const { told, card } = this;
    if (!told || told.blank) return "Nothing is drawn.";
    return `The answer is ${card.classes[told.label]}. Softmax: ${byId("second").textContent}.`;
  }
}
