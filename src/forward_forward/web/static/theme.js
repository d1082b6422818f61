// Before anything is painted: the theme that was chosen last, or the system's.
"use strict";
(() => {
  let kept = null;
  try { kept = localStorage.getItem("ff-theme"); } catch { /* private windows keep nothing */ }
  if (kept === "light" || kept === "dark") document.documentElement.dataset.theme = kept;
})();
