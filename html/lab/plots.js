// Draws the plots of a page from its data, and keeps them current. Without it the numbers
// stand in the tables.
(() => {
  "use strict";
  const section = () => document.querySelector("[data-plots]");
  if (!section() || typeof uPlot === "undefined") return;

  const RANGES = { day: "Day", month: "Month", year: "Year" };
  const COLOURS = ["--line-1", "--line-2", "--line-3", "--line-4", "--line-5", "--line-6", "--line-7", "--line-8"];
  const DASHES = [[], [6, 3]];
  const HEIGHT = 170;
  const key = `range:${location.pathname}`;
  const drawn = new Map();
  let plots = [];

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const compact = new Intl.NumberFormat(undefined, { notation: "compact", maximumSignificantDigits: 4 });
  const plain = new Intl.NumberFormat(undefined, { maximumSignificantDigits: 5 });

  function shown(value, unit) {
    if (value === null || value === undefined) return "–";
    if (unit === "B" || unit === "B/s") {
      const steps = Math.abs(value) < 1 ? 0 : Math.min(5, Math.floor(Math.log10(Math.abs(value)) / 3));
      return `${plain.format(Number((value / 1000 ** steps).toPrecision(4)))} ${["", "k", "M", "G", "T", "P"][steps]}${unit}`;
    }
    const text = Math.abs(value) >= 100_000 ? compact.format(value) : plain.format(value);
    return unit ? `${text} ${unit}` : text;
  }

  function range() {
    const there = Object.keys(RANGES).filter((name) => plots.some((plot) => plot.ranges[name]));
    const wanted = sessionStorage.getItem(key);
    return there.includes(wanted) ? wanted : there.includes("month") && !there.includes("day") ? "month" : there[0];
  }

  function options(plot, width) {
    const axis = { stroke: colour("--soft"), grid: { stroke: colour("--line"), width: 1 }, ticks: { stroke: colour("--line") } };
    return {
      width,
      height: HEIGHT,
      legend: { live: true },
      cursor: { y: false, points: { size: 6 } },
      scales: { y: { range: (_, low, high) => (low === null ? [0, 1] : limits(low, high)) } },
      axes: [
        { ...axis, space: 60 },
        { ...axis, size: 64, values: (_, ticks) => ticks.map((tick) => shown(tick, plot.unit)) },
      ],
      series: [
        { value: (_, at) => (at === null ? "–" : new Date(at * 1000).toLocaleString()) },
        ...plot.labels.map((label, number) => ({
          label,
          stroke: colour(COLOURS[number % COLOURS.length]),
          dash: DASHES[Math.floor(number / 4) % 2],
          width: 1.5,
          spanGaps: false,
          value: (_, value) => shown(value, plot.unit),
        })),
      ],
    };
  }

  // From zero, unless all of it is far away from there.
  function limits(low, high) {
    if (low === high) return low === 0 ? [0, 1] : [Math.min(0, low * 1.2), Math.max(0, high * 1.2)];
    const gap = (high - low) * 0.1;
    return [low >= 0 && low < high * 0.7 ? 0 : low - gap, high <= 0 ? 0 : high + gap];
  }

  function draw() {
    const chosen = range();
    for (const plot of plots) {
      const place = document.getElementById(plot.id);
      if (!place) continue;
      // Another range, where this one has nothing to show.
      const kind = plot.ranges[chosen] ? chosen : Object.keys(plot.ranges)[0];
      drawn.get(plot.id)?.destroy();
      place.replaceChildren();
      if (!kind) continue;
      const width = Math.max(200, place.clientWidth);
      drawn.set(plot.id, new uPlot(options(plot, width), plot.ranges[kind], place));
      place.dataset.shows = kind;
    }
    buttons(chosen);
    tables(chosen);
  }

  function tables(chosen) {
    for (const details of document.querySelectorAll("[data-details]")) {
      const every = [...details.querySelectorAll("[data-range]")];
      const kind = every.some((table) => table.dataset.range === chosen) ? chosen : every[0]?.dataset.range;
      for (const table of every) table.closest(".scroll").hidden = table.dataset.range !== kind;
    }
  }

  function buttons(chosen) {
    const group = section().querySelector("[role=group]");
    const names = Object.keys(RANGES).filter((name) => plots.some((plot) => plot.ranges[name]));
    if (group.childElementCount !== names.length) {
      group.replaceChildren(
        ...names.map((name) => {
          const button = document.createElement("button");
          button.type = "button";
          button.textContent = RANGES[name];
          button.dataset.name = name;
          return button;
        }),
      );
    }
    for (const button of group.children) button.setAttribute("aria-pressed", String(button.dataset.name === chosen));
    group.hidden = names.length < 2;
  }

  async function load() {
    try {
      // A page whose own address has a name and a password may fetch nothing by a relative one.
      const here = location.origin === "null" ? location.href : location.origin + location.pathname;
      const response = await fetch(new URL(section().dataset.plots, here), { cache: "no-cache" });
      if (!response.ok) return;
      plots = await response.json();
    } catch {
      return; // the tables are there
    }
    draw();
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-plots] [role=group] button");
    if (!button) return;
    sessionStorage.setItem(key, button.dataset.name);
    draw();
  });
  document.addEventListener("labtool:fresh", load);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  let width = innerWidth;
  addEventListener("resize", () => {
    if (innerWidth === width) return;
    width = innerWidth;
    draw();
  });
  load();
})();
