// Makes a working page a little livelier: live regions, copy, tick all, single keys. Everything works without it.
(() => {
  "use strict";
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  // Copy buttons exist for those who have a clipboard.
  const offerCopy = (root) => {
    if (!navigator.clipboard) return;
    for (const button of all("[data-copy][hidden]", root)) button.hidden = false;
  };
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    await navigator.clipboard.writeText(button.dataset.copy);
    button.setAttribute("data-done", "");
    const first = button.firstChild;
    const before = first.textContent;
    first.textContent = "✓";
    setTimeout(() => { first.textContent = before; }, 1200);
  });
  offerCopy(document);

  // A live region fetches its own page and takes the region of the same id out of it.
  const isBusy = (region) =>
    document.hidden || region.contains(document.activeElement) ||
    (getSelection().toString() && region.contains(getSelection().anchorNode));
  for (const region of all("[data-live]")) {
    const pause = document.querySelector(`[data-pause="${region.id}"]`);
    let stopped = false;
    let tag = "";
    let count = region.dataset.alerts || "0";
    if (pause) {
      pause.hidden = false;
      pause.addEventListener("click", () => {
        stopped = !stopped;
        pause.setAttribute("aria-pressed", String(stopped));
      });
    }
    setInterval(async () => {
      if (stopped || isBusy(region)) return;
      try {
        const headers = { "X-Region": region.id };
        if (tag) headers["If-None-Match"] = tag;
        const answer = await fetch(location.href, { headers });
        if (answer.status !== 304 && (!answer.ok || answer.redirected)) throw new Error(String(answer.status));
        const clock = document.querySelector(`[data-clock="${region.id}"]`);
        if (clock) clock.textContent = answer.headers.get("X-As-Of") || clock.textContent;
        region.classList.remove("stale");
        if (answer.status === 304) return;
        tag = answer.headers.get("ETag");
        const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(region.id);
        if (!fresh || isBusy(region)) return;
        const open = all("details[open][id]", region).map((d) => d.id);
        region.replaceChildren(...fresh.childNodes);
        for (const id of open) document.getElementById(id)?.setAttribute("open", "");
        offerCopy(region);
        if (fresh.dataset.alerts !== count) {
          count = fresh.dataset.alerts;
          const voice = document.getElementById(`${region.id}-voice`);
          if (voice) voice.textContent = fresh.dataset.spoken || "";
        }
      } catch {
        region.classList.add("stale");
      }
    }, 1000 * Number(region.dataset.live));
  }

  // A workbench tries what is typed once typing rests; comparing with what is stored waits for the button.
  for (const bench of all("form[data-try]")) {
    const region = document.getElementById(bench.dataset.try);
    const voice = document.getElementById(`${region.id}-voice`);
    let rest = 0;
    let asked = null;
    const attempt = async () => {
      asked?.abort();
      asked = new AbortController();
      const body = new URLSearchParams(new FormData(bench));
      body.set("compare", "0");
      try {
        const answer = await fetch(bench.action, { method: "POST", body, signal: asked.signal });
        if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
        const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(region.id);
        const open = all("details", region).map((d) => d.open);
        region.replaceChildren(...fresh.childNodes);
        all("details", region).forEach((d, n) => { d.open = open[n] || false; });
        region.classList.remove("stale");
        if (voice) voice.textContent = fresh.dataset.spoken || "";
      } catch (error) {
        if (error.name !== "AbortError") region.classList.add("stale");
      }
    };
    bench.addEventListener("input", () => {
      clearTimeout(rest);
      rest = setTimeout(attempt, 900);
    });
    bench.addEventListener("submit", () => { clearTimeout(rest); asked?.abort(); });
  }

  // A part that takes long to reckon comes when the rest is there.
  for (const part of all("[data-from]")) {
    (async () => {
      const answer = await fetch(part.dataset.from);
      if (!answer.ok || answer.redirected) return;
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(part.id);
      if (fresh) part.replaceChildren(...fresh.childNodes);
    })().catch(() => {});
  }

  // Tick all.
  document.addEventListener("change", (event) => {
    const name = event.target.dataset?.tickAll;
    if (name) for (const box of all(`input[name="${name}"]`)) box.checked = event.target.checked;
  });

  // Single keys, only when the reader switched them on. None deletes; what an answer does can be undone.
  if (document.body.hasAttribute("data-keys")) {
    let waiting = "";
    let row = -1;
    document.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input,select,textarea,dialog")) return;
      const rows = all("main table tbody tr").filter((r) => r.querySelector("a"));
      if (waiting === "g") {
        waiting = "";
        document.querySelector(`.menu a[data-key="${event.key}"]`)?.click();
      } else if (event.key === "g") waiting = "g";
      else if (event.key === "?") document.getElementById("keys")?.showModal();
      else if (event.key === "/") { event.preventDefault(); document.getElementById("q")?.focus(); }
      else if ((event.key === "j" || event.key === "k") && rows.length) {
        row = Math.max(0, Math.min(rows.length - 1, row + (event.key === "j" ? 1 : -1)));
        rows[row].querySelector("a").focus();
        rows[row].scrollIntoView({ block: "nearest" });
      } else if (event.key === "x") rows[row]?.querySelector("input[type=checkbox]")?.click();
      else if (!event.repeat) all("[data-press]").find((b) => b.dataset.press === event.key)?.click();
    });
  }
})();
