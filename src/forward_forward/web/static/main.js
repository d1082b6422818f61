// The two views, and light or dark.

import * as draw from "./draw.js";
import * as train from "./train.js";

const byId = (id) => document.getElementById(id);
const VIEWS = ["draw", "train"];

function show(name) {
  for (const view of VIEWS) {
    byId(view).hidden = view !== name;
    byId(`to-${view}`).setAttribute("aria-pressed", String(view === name));
  }
  if (location.hash !== `#${name}`) history.replaceState(null, "", `#${name}`);
  train.listen(name === "train" && !document.hidden);
}

const current = () => VIEWS.find((view) => !byId(view).hidden);

function switchTheme() {
  const root = document.documentElement;
  const dark = root.dataset.theme
    ? root.dataset.theme === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  try { localStorage.setItem("ff-theme", root.dataset.theme); } catch { /* it holds until the page is closed */ }
}

for (const view of VIEWS) byId(`to-${view}`).addEventListener("click", () => show(view));
byId("theme").addEventListener("click", switchTheme);
document.addEventListener("visibilitychange", () => train.listen(current() === "train" && !document.hidden));
window.addEventListener("hashchange", () => { if (VIEWS.includes(location.hash.slice(1))) show(location.hash.slice(1)); });

await Promise.all([draw.begin(), train.begin(async () => { await draw.refresh("trained"); show("draw"); })]);
show(location.hash === "#train" ? "train" : "draw");
document.body.dataset.ready = "yes";
