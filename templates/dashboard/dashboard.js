// Keeps a page up to date and saves a few clicks. Every page works without it.
"use strict";
(() => {
  const session = document.querySelector("meta[name=session]").content;
  const main = document.querySelector("main");

  // --- Light or dark ---------------------------------------------------------------------------------------------
  const root = document.documentElement;
  const theme = document.getElementById("theme");
  const kept = (() => { try { return localStorage.getItem("theme"); } catch { return null; } })();
  if (kept) root.dataset.theme = kept;
  const toggle = () => {
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    try { localStorage.setItem("theme", root.dataset.theme); } catch { /* private windows keep nothing */ }
  };
  theme.hidden = false;
  theme.addEventListener("click", toggle);

  // Where the menu is wider than the screen, the place where one is has to be seen.
  const nav = document.querySelector(".top nav");
  const here = nav.querySelector("[aria-current]");
  if (here) nav.scrollLeft = here.offsetLeft - nav.offsetLeft - (nav.clientWidth - here.offsetWidth) / 2;

  // --- What is to be said ----------------------------------------------------------------------------------------
  const say = (text, failed) => {
    const note = document.createElement("p");
    note.className = failed ? "note failed" : "note";
    note.textContent = text;
    document.getElementById("notes").replaceChildren(note);
    if (!failed) setTimeout(() => note.remove(), 6000);
  };
  // The number of a note means nothing any more once it was shown.
  if (location.search.includes("note=")) {
    const url = new URL(location);
    url.searchParams.delete("note");
    history.replaceState(null, "", url);
  }

  // --- Pages that change -----------------------------------------------------------------------------------------
  // The page is asked for again, and its sections that differ are exchanged. What somebody works with stays.
  let refreshing = false, again = false;
  const refresh = async () => {
    if (refreshing) { again = true; return; }
    refreshing = true;
    try {
      const answer = await fetch(location.href, { headers: { accept: "text/html" } });
      if (answer.ok) {
        const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
        const next = fresh.querySelector("main");
        const ids = [...next.querySelectorAll(":scope > [id]")];
        const same = ids.length === main.querySelectorAll(":scope > [id]").length && ids.every((one) => document.getElementById(one.id));
        if (!same) {
          main.replaceChildren(...next.childNodes);
        } else {
          for (const one of ids) {
            const old = document.getElementById(one.id);
            const busy = old.contains(document.activeElement) && document.activeElement.matches("input, textarea, select");
            if (!busy && !old.hasAttribute("data-own") && old.outerHTML !== one.outerHTML) old.replaceWith(one);
          }
        }
        main.dispatchEvent(new Event("refreshed"));
      }
    } catch { /* the dashboard was stopped; the stream of events says when it is there again */ }
    refreshing = false;
    if (again) { again = false; refresh(); }
  };
  // A stream holds one of the few connections that a browser opens to one server, so only the page that is seen has one:
  // not a tab behind another one, and not a page that is kept for the button that leads back.
  const whileSeen = (open) => {
    let close = null;
    const turn = (seen) => {
      if (seen && !close) close = open();
      else if (!seen && close) { close(); close = null; }
    };
    addEventListener("pagehide", () => turn(false));
    addEventListener("pageshow", () => turn(!document.hidden));
    document.addEventListener("visibilitychange", () => turn(!document.hidden));
    turn(!document.hidden);
  };
  if (main.dataset.live) {
    const wanted = main.dataset.live.split(" ");
    let before = false;
    whileSeen(() => {
      const events = new EventSource("/events");
      events.addEventListener("changed", (event) => { if (wanted.includes(event.data)) refresh(); });
      // After a break everything may be different.
      events.onopen = () => { if (before) refresh(); before = true; };
      // Ages grow even when nothing changes.
      const clock = setInterval(refresh, 10000);
      return () => { events.close(); clearInterval(clock); };
    });
  }

  // --- Forms that do something -----------------------------------------------------------------------------------
  document.addEventListener("submit", async (event) => {
    const form = event.target;
    // Not form.method and form.action: a field of that name would stand in their place.
    if (form.getAttribute("method") !== "post") return;
    event.preventDefault();
    if (form.dataset.confirm && !confirm(form.dataset.confirm)) return;
    const button = event.submitter;
    if (button) button.disabled = true;
    const fields = Object.fromEntries(new FormData(form, button));
    try {
      const answer = await fetch("/api/v1" + form.getAttribute("action"), {
        method: "POST",
        headers: { "content-type": "application/json", "x-dashboard-session": session },
        body: JSON.stringify(fields),
      });
      const told = await answer.json();
      say(answer.ok ? told.message : told.detail, !answer.ok);
      if (form.dataset.answer) document.getElementById(form.dataset.answer).textContent = told.answer || told.detail || "(empty)";
      if (answer.ok && form.dataset.next) location.href = form.dataset.next;
      else refresh();
    } catch (error) {
      say("The dashboard does not answer: " + error.message, true);
    }
    if (button) button.disabled = false;
  });

  // --- Logs ------------------------------------------------------------------------------------------------------
  const log = document.getElementById("log");
  if (log) {
    const MOST = 5000;
    const filters = document.getElementById("filters");
    const follow = document.getElementById("follow");
    const box = follow.querySelector("input");
    follow.hidden = false;
    let events;
    const bottom = () => { if (box.checked) log.scrollTop = log.scrollHeight; };
    const open = (count) => {
      if (events) events.close();
      const wanted = new URLSearchParams(new FormData(filters));
      history.replaceState(null, "", "?" + wanted);
      wanted.set("count", count);
      events = new EventSource(log.dataset.events + "?" + wanted);
      // The stream begins with the last lines, so after a break the list begins anew as well.
      events.onopen = () => log.replaceChildren();
      events.onmessage = (event) => {
        const lines = JSON.parse(event.data).map((line) => {
          const item = document.createElement("li");
          item.className = line.level;
          if (line.time) item.title = new Date(line.time).toLocaleString();
          const source = document.createElement("i");
          source.textContent = line.source;
          item.append(source, line.text);
          return item;
        });
        log.append(...lines);
        while (log.childElementCount > MOST) log.firstElementChild.remove();
        bottom();
      };
    };
    filters.addEventListener("submit", (event) => { event.preventDefault(); open(1000); });
    filters.addEventListener("change", (event) => { if (event.target !== box) open(1000); else bottom(); });
    let pause;
    filters.addEventListener("input", (event) => {
      if (event.target.type === "search") { clearTimeout(pause); pause = setTimeout(() => open(1000), 200); }
    });
    log.addEventListener("scroll", () => {
      box.checked = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
    });
    bottom();
    whileSeen(() => {
      open(1000);
      return () => events.close();
    });
  }

  // --- Keys ------------------------------------------------------------------------------------------------------
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.matches("input, textarea, select")) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    const places = [...document.querySelectorAll(".top nav a")];
    if (event.key === "/") {
      const search = document.querySelector("input[type=search]");
      if (search) { event.preventDefault(); search.focus(); search.select(); }
    } else if (event.key === "t") {
      toggle();
    } else if (event.key >= "0" && event.key <= "9" && places[(+event.key || 10) - 1]) {
      places[(+event.key || 10) - 1].click();
    }
  });
})();
