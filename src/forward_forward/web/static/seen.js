// What can be seen of a net that learns: weights of its first units, and how goodness spreads.

import { element, unpack } from "./api.js";

const BLUE = [0, 114, 178];
const ORANGE = [213, 94, 0];

// Weights as tiles: blue adds to a unit's activity, orange takes away; three channels in colour.
export function showFields(box, { image: [channels, height, width], shape: [count], levels }) {
  const values = new Int8Array(unpack(levels).buffer);
  const size = channels * height * width;
  while (box.children.length > count) box.lastChild.remove();
  while (box.children.length < count) {
    const canvas = element("canvas", "field");
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", `Weights of unit ${box.children.length + 1}`);
    box.append(canvas);
  }
  for (let unit = 0; unit < count; unit += 1) {
    const canvas = box.children[unit];
    if (canvas.width !== width || canvas.height !== height) { canvas.width = width; canvas.height = height; }
    const context = canvas.getContext("2d");
    const picture = context.createImageData(width, height);
    const own = values.subarray(unit * size, (unit + 1) * size);
    for (let i = 0; i < height * width; i += 1) {
      const colour = channels === 3 ? [0, 1, 2].map((c) => 128 + own[c * height * width + i]) : shade(own[i] / 127);
      picture.data.set([...colour, 255], 4 * i);
    }
    context.putImageData(picture, 0, 0);
  }
}

function shade(value) {
  const colour = value > 0 ? BLUE : ORANGE;
  const share = Math.abs(value);
  return colour.map((end) => Math.round(250 + (end - 250) * share));
}

// For each layer a histogram of goodness, images with their own label in front of those with a wrong one.
export function showSpread(box, layers) {
  while (box.children.length > layers.length) box.lastChild.remove();
  while (box.children.length < layers.length) box.append(makeSpread(box.children.length));
  layers.forEach(({ low, high, positive, negative, means }, index) => {
    const figure = box.children[index];
    const most = Math.max(...positive, ...negative, 1);
    drawBins(figure.querySelector(".bins.neg"), negative, most);
    drawBins(figure.querySelector(".bins.pos"), positive, most);
    figure.querySelector(".from").textContent = low.toPrecision(2);
    figure.querySelector(".to").textContent = high.toPrecision(2);
    figure.querySelector("figcaption").textContent
      = `Layer ${index + 1}: mean ${means[0].toFixed(2)} and ${means[1].toFixed(2)}`;
  });
}

function makeSpread() {
  const figure = element("figure");
  const plot = element("div", "plot");
  plot.append(element("div", "bins neg"), element("div", "bins pos"));
  const axis = element("div", "axis muted small");
  axis.append(element("span", "from"), element("span", "to"));
  figure.append(element("figcaption", "small"), plot, axis);
  return figure;
}

function drawBins(box, counts, most) {
  while (box.children.length > counts.length) box.lastChild.remove();
  while (box.children.length < counts.length) box.append(element("span"));
  counts.forEach((count, index) => { box.children[index].style.height = `${(100 * count) / most}%`; });
}
