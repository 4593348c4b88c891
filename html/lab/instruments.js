// Counts down to when an instrument is free; without it the time stands there.
(() => {
  "use strict";
  function show() {
    for (const element of document.querySelectorAll("[data-countdown]")) {
      const minutes = Math.round((Date.parse(element.dataset.countdown) - Date.now()) / 60_000);
      const text = minutes > 0 ? `in ${minutes} min, at` : minutes > -2 ? "now, at" : `since ${-minutes} min, was due at`;
      if (element.textContent !== text) element.textContent = text;
    }
  }
  show();
  setInterval(show, 1000);
})();
