// Keeps an open page current: fetches the same page again and changes only what differs.
// Without it the page is complete, and as old as it was loaded.
(() => {
  "use strict";
  const POLL = 10_000; // where no stream of changes is offered
  const SLOW_POLL = 60_000; // beside a stream, in case it is silent
  const OLD = 6 * 60_000; // nobody has built the site for so long
  const TURN = 12_000; // a big screen shows the next part of a long page
  const LOST = 30_000; // no answer for so long
  const key = `day:${location.pathname}`;
  let answered = Date.now();
  let built = null;
  let clockAhead = 0; // of the server's clock, in milliseconds

  const time = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
  const full = new Intl.DateTimeFormat(undefined, { weekday: "long", hour: "2-digit", minute: "2-digit" });
  const date = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit" });
  const zone = new Intl.DateTimeFormat().resolvedOptions().timeZone || "yours";

  function chosenDay(root) {
    const days = [...root.querySelectorAll("[data-day]")];
    const ids = days.map((a) => a.hash.slice(1));
    const wanted = [location.hash.slice(1), sessionStorage.getItem(key)].find((id) => ids.includes(id));
    const shown = days.find((a) => a.hasAttribute("data-shown"));
    return wanted || (shown ? shown.hash.slice(1) : "");
  }

  function showDay(root) {
    const id = chosenDay(root);
    if (!id) return;
    for (const section of root.querySelectorAll(".day")) section.hidden = section.id !== id;
    for (const link of root.querySelectorAll("[data-day]")) {
      if (link.hash === `#${id}`) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  }

  // A wall shows the event's time, whatever the machine behind it thinks.
  const onWall = document.body.classList.contains("sign");

  function localTimes(root) {
    if (onWall) return;
    for (const element of root.querySelectorAll("time[datetime]")) {
      const moment = new Date(element.dateTime);
      if (!Number.isNaN(moment.getTime())) {
        const format = element.hasAttribute("data-full") ? full : element.hasAttribute("data-date") ? date : time;
        element.textContent = format.format(moment);
      }
    }
    for (const element of root.querySelectorAll("[data-zone]")) element.textContent = zone;
  }

  function markCurrent(root) {
    const now = Date.now() + clockAhead;
    for (const head of root.querySelectorAll("th[data-start]")) {
      const on = Date.parse(head.dataset.start) <= now && now < Date.parse(head.dataset.end);
      const column = head.cellIndex;
      for (const row of head.closest("table").rows) row.cells[column]?.classList.toggle("on", on);
    }
    for (const cell of root.querySelectorAll('[class=""]')) cell.removeAttribute("class");
  }

  function prepare(root) {
    localTimes(root);
    markCurrent(root);
    showDay(root);
  }

  function takeColours(fetched) {
    const own = document.querySelector("link[data-colours]");
    const fresh = fetched.querySelector("link[data-colours]");
    if (!own || !fresh || own.getAttribute("href") === fresh.getAttribute("href")) return;
    const link = document.importNode(fresh, false);
    link.addEventListener("load", () => own.remove());
    own.after(link);
  }

  // A page whose own address has a name and a password may fetch nothing by a relative one.
  const plain = (path) => (location.origin === "null" ? path : new URL(path, location.origin + location.pathname));

  async function get(path) {
    const response = await fetch(plain(path), { cache: "no-cache" });
    if (!response.ok) throw new Error(String(response.status));
    const date = Date.parse(response.headers.get("date"));
    if (!Number.isNaN(date)) clockAhead = date - Date.now();
    answered = Date.now();
    return response;
  }

  let busy = false;
  let again = false;
  async function refresh() {
    if (busy) {
      again = true;
      return;
    }
    busy = true;
    try {
      const text = await (await get(location.pathname)).text();
      const fetched = new DOMParser().parseFromString(text, "text/html");
      const fresh = fetched.querySelector("main");
      if (fresh) {
        prepare(fetched);
        takeColours(fetched);
        Idiomorph.morph(document.querySelector("main"), fresh, {
          morphStyle: "outerHTML",
          restoreFocus: true,
          // What was drawn into a page, or opened in it, is not in the one that was fetched.
          callbacks: {
            beforeNodeMorphed: (old) => !old.matches?.("[data-kept]"),
            beforeAttributeUpdated: (name, node) => name !== "open" || node.localName !== "details",
          },
        });
        document.dispatchEvent(new Event("labtool:fresh"));
      }
    } catch {
      // said below, once it lasts
    } finally {
      busy = false;
      if (again) {
        again = false;
        refresh();
      }
    }
  }

  async function watchAge() {
    try {
      built = Date.parse((await (await get("alive.json")).json()).built);
    } catch {
      // said below, once it lasts
    }
    const age = built === null ? 0 : Date.now() + clockAhead - built;
    const lost = Date.now() - answered > LOST;
    const since = lost ? answered : Date.now() - age;
    const stale = document.getElementById("stale");
    const text = lost || age > OLD ? `This may be old: nothing new since ${full.format(new Date(since))}.` : "";
    if (stale.textContent !== text) stale.textContent = text;
    stale.hidden = !text;
  }

  // News come as a stream where one is offered; else, and beside it, we ask now and then.
  let poll = 0;
  function follow() {
    const stream = new EventSource(plain("events"));
    stream.addEventListener("open", () => {
      clearInterval(poll);
      poll = setInterval(refresh, SLOW_POLL);
      refresh(); // what was missed before
    });
    stream.addEventListener("change", refresh);
    stream.addEventListener("error", () => {
      clearInterval(poll);
      poll = setInterval(refresh, POLL);
      if (stream.readyState === EventSource.CLOSED) setTimeout(follow, SLOW_POLL);
    });
  }

  // A screen on a wall has nobody who scrolls it.
  function turnPage() {
    const root = document.scrollingElement;
    const end = root.scrollHeight - innerHeight;
    const next = root.scrollTop >= end - 1 ? 0 : Math.min(end, root.scrollTop + innerHeight * 0.9);
    root.scrollTo(0, next);
  }

  document.documentElement.classList.add("js");
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("[data-day]");
    if (!link) return;
    event.preventDefault();
    sessionStorage.setItem(key, link.hash.slice(1));
    history.replaceState(null, "", link.hash);
    showDay(document);
  });
  addEventListener("hashchange", () => showDay(document));
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) refresh();
  });
  prepare(document);
  setInterval(() => markCurrent(document), 15_000);
  if (location.protocol === "file:") return; // a copy on a disk has nobody to ask
  setInterval(watchAge, 15_000);
  if (onWall) setInterval(turnPage, TURN);
  watchAge();
  poll = setInterval(refresh, POLL);
  follow();
})();
