// The view "Train": what to train, and what a run tells of itself.

import { ask, attempt, element } from "./api.js";
import { Chart } from "./curves.js";
import { showFields, showSpread } from "./seen.js";

const byId = (id) => document.getElementById(id);
const COLUMNS = ["loss", "accuracy"];
const charts = {
  error: new Chart(byId("error-chart"), { fromZero: true }),
  loss: new Chart(byId("loss-chart"), { digits: 3 }),
  accuracy: new Chart(byId("accuracy-chart"), { digits: 1 }),
  goodness: new Chart(byId("goodness-chart"), { fromZero: true }),
};

let offers = null;
let source = null;
let run = { state: "none", layers: 0 };
let useIt = async () => {};
let told = ""; // state that was read out last

const rateOf = () => Number((10 ** Number(byId("rate").value)).toPrecision(2));

function fill(select, names) {
  select.replaceChildren(...names.map((name) => {
    const option = element("option", "", name);
    option.value = name;
    return option;
  }));
}

function suit() {
  const { widths, epochs, rate } = offers.data[byId("data").value];
  byId("widths").value = widths.join(", ");
  byId("epochs").value = epochs;
  byId("rate").value = Math.log10(rate);
  tellNumbers();
}

function tellNumbers() {
  byId("rate-words").textContent = rateOf();
  byId("peer-words").textContent = byId("peer").value;
}

function wish() {
  const widths = byId("widths").value.split(",").map((text) => Number(text.trim()));
  if (widths.some((units) => !Number.isInteger(units) || units < 1)) {
    throw new Error("Units of each layer: give whole numbers, as in 200, 200.");
  }
  return {
    data: byId("data").value,
    widths,
    epochs: Number(byId("epochs").value),
    rate: rateOf(),
    negatives: byId("negatives").value,
    goodness: byId("goodness").value,
    loss: byId("loss").value,
    peer: Number(byId("peer").value),
    pace: Number(byId("pace").value),
    seed: 0,
  };
}

const active = () => ["loading", "running", "paused"].includes(run.state);

async function start(event) {
  event.preventDefault();
  await attempt(async () => {
    const asked = wish();
    if (active()) await ask("/api/run/stop", {});
    byId("start").disabled = true;
    try {
      await ask("/api/run/start", asked);
    } finally {
      byId("start").disabled = false;
    }
    listen(true);
  });
}

const change = (what) => (active() ? attempt(() => ask("/api/run/change", what)) : undefined);

async function save() {
  await attempt(async () => {
    if (!byId("name").checkValidity() || !byId("name").value) {
      throw new Error("A name is made of letters, digits, - and _, as in page-1.");
    }
    const { folder } = await ask("/api/run/save", { name: byId("name").value });
    byId("saved").textContent = `Saved: ff serve ${folder}`;
  });
}

function begins({ epochs, wish: asked }) {
  run = { ...run, epochs, layers: asked.widths.length, done: 0, judged: null };
  const layers = asked.widths.map((_, i) => ({ name: `layer ${i + 1}`, style: `layer-${i % 6}` }));
  charts.error.reset(epochs, [{ name: "goodness", style: "main-line" }, { name: "softmax", style: "second-line" }]);
  for (const name of COLUMNS) charts[name].reset(epochs, layers);
  charts.goodness.reset(epochs, layers.flatMap(({ name, style }) => [
    { name, style }, { besides: name, style: `${style} dashed` }]));
  byId("saved").textContent = "Saved nets lie in runs/.";
}

function addPoint([epoch, layers]) {
  run.done = epoch;
  layers.forEach(([loss, accuracy, positive, negative], i) => {
    charts.loss.add(i, epoch, loss);
    charts.accuracy.add(i, epoch, accuracy === null ? null : 100 * accuracy);
    charts.goodness.add(2 * i, epoch, positive);
    charts.goodness.add(2 * i + 1, epoch, negative);
  });
}

function addJudgement([epoch, goodness, softmax]) {
  run.judged = goodness ?? softmax;
  charts.error.add(0, epoch, goodness);
  charts.error.add(1, epoch, softmax);
}

function hear(news) {
  if (news.state) Object.assign(run, { state: news.state, why: news.why });
  if (news.begins) begins(news);
  if ("rate" in news && active()) {
    byId("rate").value = Math.log10(news.rate);
    byId("negatives").value = news.negatives;
    byId("pace").value = String(news.pace);
    tellNumbers();
  }
  for (const point of news.points ?? []) addPoint(point);
  for (const judgement of news.judged ?? []) addJudgement(judgement);
  for (const epoch of news.changed ?? []) for (const chart of Object.values(charts)) chart.mark(epoch);
  if (news.points || news.judged || news.changed) for (const chart of Object.values(charts)) chart.draw();
  if (news.units) showFields(byId("fields"), news.units);
  if (news.spread) showSpread(byId("spread"), news.spread);
  tellState();
}

function tellState() {
  const { state, done = 0, epochs = 1, judged, why } = run;
  const at = Math.min(epochs, Math.floor(done) + (state === "done" || state === "stopped" ? 0 : 1));
  const error = judged === null || judged === undefined ? "" : `; held-out error ${judged.toFixed(2)} %`;
  const words = {
    none: "No run yet. Press Start: the defaults take some seconds.",
    loading: "Reading the data…",
    running: `Epoch ${at} of ${epochs}${error}`,
    paused: `Paused in epoch ${at} of ${epochs}${error}`,
    done: `Done: ${epochs} epochs${error}`,
    stopped: `Stopped after ${at} of ${epochs} epochs${error}`,
    failed: `It stopped: ${why}`,
  };
  const line = byId("train-line");
  // Read out when the state changes, not with every epoch.
  line.setAttribute("aria-live", told === state ? "off" : "polite");
  told = state;
  line.textContent = words[state];
  byId("progress").value = state === "none" ? 0 : done / epochs;
  byId("start").textContent = state === "none" ? "Start" : "Start anew";
  byId("pause").textContent = state === "paused" ? "Go on" : "Pause";
  byId("pause").disabled = !["running", "paused"].includes(state);
  byId("stop").disabled = !active();
  byId("use").disabled = byId("save").disabled = !(done > 0);
  document.body.dataset.run = state;
}

// Hear of the run while the view is seen; what was missed is told again from the start.
export function listen(wanted) {
  if (wanted === Boolean(source)) return;
  source?.close();
  source = null;
  if (!wanted) return;
  source = new EventSource("/api/run/events");
  source.addEventListener("message", ({ data }) => hear(JSON.parse(data)));
}

export async function begin(use) {
  useIt = use;
  offers = await attempt(() => ask("/api/run/offers"));
  if (!offers) return;
  fill(byId("negatives"), offers.negatives);
  fill(byId("goodness"), offers.goodness);
  fill(byId("loss"), offers.loss);
  fill(byId("data"), Object.keys(offers.data));
  suit();
  byId("data").addEventListener("change", suit);
  byId("controls").addEventListener("submit", start);
  byId("pause").addEventListener("click", () => change({ paused: run.state !== "paused" }));
  byId("stop").addEventListener("click", () => attempt(() => ask("/api/run/stop", {})));
  byId("rate").addEventListener("input", tellNumbers);
  byId("peer").addEventListener("input", tellNumbers);
  byId("rate").addEventListener("change", () => change({ rate: rateOf() }));
  byId("negatives").addEventListener("change", () => change({ negatives: byId("negatives").value }));
  byId("pace").addEventListener("change", () => change({ pace: Number(byId("pace").value) }));
  byId("use").addEventListener("click", () => attempt(async () => {
    await ask("/api/run/use", {});
    await useIt();
  }));
  byId("save").addEventListener("click", save);
  tellState();
}
