// The view "Draw": the board, the samples, and one question to the server at a time.

import { ask, attempt, complain, element, showPixels, unpack } from "./api.js";
import { Answer } from "./answer.js";
import { Board } from "./board.js";

const byId = (id) => document.getElementById(id);
const SPEAK_AFTER = 600; // ms of rest before the answer is read out

const answer = new Answer();
const board = new Board({
  canvas: byId("canvas"),
  cursor: byId("cursor"),
  changed: () => later(),
  moved: ([column, row]) => { byId("spoken").textContent = `Row ${row + 1}, column ${column + 1}`; },
});

let cards = {};
let which = "given";
let samples = [];
let busy = false;
let again = false;
let waiting = false;
let speaking = 0;
const turns = new Map(); // how often a class was asked for by its key

function later() {
  byId("hint").hidden = !board.empty;
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => { waiting = false; look(); });
}

async function look() {
  if (busy) { again = true; return; }
  busy = true;
  const { exact, ...drawing } = board.pixels();
  const centre = !exact && byId("centre").checked;
  const asked = which;
  const started = performance.now();
  try {
    const told = await ask("/api/look", { model: asked, centre, ...drawing });
    const taken = performance.now() - started;
    if (asked === which) {
      answer.show(told);
      tellSeen(centre, exact);
      byId("latency").textContent = `answered in ${taken < 10 ? taken.toFixed(1) : Math.round(taken)} ms`;
      byId("latency").dataset.ms = taken.toFixed(2);
      document.body.dataset.answer = told.blank ? "" : cards[which].classes[told.label];
      clearTimeout(speaking);
      speaking = setTimeout(() => { byId("spoken").textContent = answer.words(); }, SPEAK_AFTER);
    }
    complain(null);
  } catch (error) {
    complain(error);
  } finally {
    busy = false;
    if (again) { again = false; look(); }
  }
}

function tellSeen(centre, exact) {
  const [, height, width] = cards[which].shape;
  let how = "scaled as a whole";
  if (exact) how = "a test image as it is";
  else if (centre) how = "scaled and centred by mass as MNIST does";
  byId("seen-words").textContent = `What it reads: ${height}×${width} pixels, ${how}`;
}

function chooseNet(key) {
  which = key;
  const card = cards[key];
  const [channels, height, width] = card.shape;
  const errors = Object.entries(card.errors).map(([name, value]) => `${name} ${value.toFixed(2)} %`);
  byId("which").value = key;
  byId("which-facts").textContent = `learned ${card.data.split("/")[0]}, reads ${height}×${width}`
    + `${channels === 3 ? " in colour" : ""}${errors.length ? `; ${card.held_out ? "held-out" : "test"} error: ${errors.slice(0, 2).join(", ")}` : ""}`;
  byId("colour-label").hidden = channels === 1;
  byId("centre-label").hidden = channels === 3;
  byId("centre").checked = card.digits;
  if (channels === 1) board.colour = "#ffffff"; else board.colour = byId("colour").value;
  board.past = [];
  board.wipe();
  board.fit(card.shape);
  answer.fit(card);
  later();
  return showSamples();
}

async function showSamples() {
  const key = which;
  const found = await attempt(() => ask(`/api/samples/${key}`)) ?? [];
  if (key !== which) return;
  samples = found;
  const card = cards[key];
  byId("samples-box").hidden = samples.length === 0;
  byId("samples").replaceChildren(...samples.map(({ label, pixels }) => {
    const button = element("button", "sample");
    button.type = "button";
    button.setAttribute("aria-label", `Test image of class ${card.classes[label]}`);
    button.title = card.classes[label];
    const canvas = element("canvas");
    showPixels(canvas, unpack(pixels), card.shape);
    button.append(canvas);
    button.addEventListener("click", () => board.showExact(unpack(pixels)));
    return button;
  }));
}

function showClass(label) {
  const fitting = samples.filter((sample) => sample.label === label);
  if (!fitting.length) return;
  const turn = turns.get(label) ?? 0;
  turns.set(label, turn + 1);
  board.showExact(unpack(fitting[turn % fitting.length].pixels));
}

function key(event) {
  const typing = event.target.closest?.("input:not([type=range], [type=checkbox]), select, textarea");
  if (byId("draw").hidden || typing || event.altKey) return;
  const letter = event.key.toLowerCase();
  if ((event.ctrlKey || event.metaKey) ? letter === "z" : true) {
    if (letter === "z") { event.preventDefault(); board.undo(); }
    else if (letter === "c") board.clear();
    else if (letter === "i") board.invert();
    else if (/^[0-9]$/.test(letter)) showClass(Number(letter));
  }
}

const picture = (blob) => attempt(() => board.showPicture(blob, cards[which].digits));

export async function refresh(chosen = which) {
  cards = await ask("/api/models");
  byId("which").replaceChildren(...Object.entries(cards).map(([name, card]) => {
    const option = element("option", "", card.name);
    option.value = name;
    return option;
  }));
  await chooseNet(chosen in cards ? chosen : "given");
}

export async function begin() {
  byId("undo").addEventListener("click", () => board.undo());
  byId("clear").addEventListener("click", () => board.clear());
  byId("invert").addEventListener("click", () => board.invert());
  byId("choose").addEventListener("click", () => byId("file").click());
  byId("file").addEventListener("change", (event) => {
    if (event.target.files[0]) picture(event.target.files[0]);
    event.target.value = "";
  });
  byId("pen").addEventListener("input", (event) => { board.pen = Number(event.target.value); });
  byId("colour").addEventListener("input", (event) => { board.colour = event.target.value; });
  byId("centre").addEventListener("change", later);
  byId("which").addEventListener("change", (event) => chooseNet(event.target.value));
  document.addEventListener("keydown", key);
  document.addEventListener("paste", (event) => {
    const file = [...event.clipboardData.files].find(({ type }) => type.startsWith("image/"));
    if (file && !byId("draw").hidden) picture(file);
  });
  byId("paper").addEventListener("dragover", (event) => event.preventDefault());
  byId("paper").addEventListener("drop", (event) => {
    event.preventDefault();
    if (event.dataTransfer.files[0]) picture(event.dataTransfer.files[0]);
  });
  await attempt(() => refresh("given"));
}
