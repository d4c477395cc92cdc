/* The scan viewer: zoom, rotate, one document at a time, dragging, the next case's pages loaded ahead. */
(() => {
  "use strict";
  const steps = [0.5, 0.75, 1, 1.25, 1.5, 2, 3, 4];
  const ahead = []; /* keeps the loaded images alive until the next case shows them */

  function start(viewer) {
    if (viewer.dataset.ready) return;
    viewer.dataset.ready = "1";
    const stage = viewer.querySelector("[data-view-stage]");
    const documents = [...viewer.querySelectorAll("[data-scan]")];
    const tabs = [...viewer.querySelectorAll("[data-scan-tab]")];
    const output = viewer.querySelector("[data-view-zoom]");
    let current = 0, zoom = 1, wholePage = false;

    const pages = () => documents.length ? [...documents[current].querySelectorAll(".viewer-page")] : [];
    function layOut() {
      const width = stage.clientWidth - 20, height = stage.clientHeight - 54;
      for (const page of pages()) {
        const image = page.querySelector("img");
        if (!image.naturalWidth) continue;
        const turn = Number(page.dataset.turn || 0), side = turn % 180 !== 0;
        const ratio = side ? image.naturalWidth / image.naturalHeight : image.naturalHeight / image.naturalWidth;
        const shown = (wholePage ? Math.min(width, height / ratio) : width) * zoom;
        const deep = shown * ratio;
        page.style.width = shown + "px";
        page.style.height = deep + "px";
        image.style.width = (side ? deep : shown) + "px";
        image.style.transformOrigin = turn === 180 ? "center" : "0 0";
        image.style.transform = { 0: "", 90: "rotate(90deg) translateY(-100%)", 180: "rotate(180deg)", 270: "rotate(-90deg) translateX(-100%)" }[turn];
      }
      if (output) output.textContent = wholePage && zoom === 1 ? "整页" : Math.round(zoom * 100) + "%";
      stage.classList.toggle("grab", stage.scrollWidth > stage.clientWidth || stage.scrollHeight > stage.clientHeight);
    }
    function show(index) {
      if (!documents.length) return;
      current = (index + documents.length) % documents.length;
      documents.forEach((each, place) => { each.hidden = place !== current; });
      tabs.forEach((tab, place) => {
        if (place === current) { tab.setAttribute("aria-current", "true"); tab.scrollIntoView({ block: "nearest", inline: "nearest" }); }
        else tab.removeAttribute("aria-current");
      });
      stage.scrollTo(0, 0);
      layOut();
    }
    function step(direction) {
      const at = steps.findIndex((each) => each >= zoom - 0.001);
      zoom = steps[Math.min(steps.length - 1, Math.max(0, (at < 0 ? steps.length - 1 : at) + direction))];
    }
    const act = {
      in: () => step(1),
      out: () => step(-1),
      width: () => { wholePage = false; zoom = 1; },
      page: () => { wholePage = true; zoom = 1; },
      rotate: () => { for (const page of pages()) page.dataset.turn = (Number(page.dataset.turn || 0) + 90) % 360; },
      next: () => show(current + 1),
      previous: () => show(current - 1),
    };
    viewer.addEventListener("click", (event) => {
      const button = event.target.closest("[data-view]");
      if (button) { act[button.dataset.view](); layOut(); }
      const tab = event.target.closest("[data-scan-tab]");
      if (tab) { event.preventDefault(); show(tabs.indexOf(tab)); }
    });
    /* a field beside the scans may ask for its document: <a href="#scan-12" data-scan-link> */
    document.addEventListener("click", (event) => {
      const link = event.target.closest("[data-scan-link]");
      const index = link ? documents.findIndex((each) => "#" + each.id === link.getAttribute("href")) : -1;
      if (index >= 0 && viewer.isConnected) { event.preventDefault(); show(index); }
    });
    stage.addEventListener("wheel", (event) => {
      if (!event.ctrlKey) return;
      event.preventDefault();
      step(event.deltaY < 0 ? 1 : -1);
      layOut();
    }, { passive: false });
    stage.addEventListener("load", layOut, true);
    let from = null;
    stage.addEventListener("pointerdown", (event) => {
      if (event.pointerType !== "mouse" || event.button !== 0 || event.target.closest("a")) return;
      from = { x: event.clientX + stage.scrollLeft, y: event.clientY + stage.scrollTop };
      stage.classList.add("grabbing");
      stage.setPointerCapture(event.pointerId);
    });
    stage.addEventListener("pointermove", (event) => { if (from) stage.scrollTo(from.x - event.clientX, from.y - event.clientY); });
    for (const name of ["pointerup", "pointercancel"]) {
      stage.addEventListener(name, () => { from = null; stage.classList.remove("grabbing"); });
    }
    if (window.ResizeObserver) new ResizeObserver(layOut).observe(stage);
    show(0);

    const load = () => {
      ahead.length = 0;
      for (const address of (viewer.dataset.ahead || "").split(" ").filter(Boolean)) ahead.push(Object.assign(new Image(), { src: address }));
    };
    if (viewer.dataset.ahead) (window.requestIdleCallback || ((work) => setTimeout(work, 300)))(load);
  }
  const startAll = () => document.querySelectorAll("[data-viewer]").forEach(start);
  startAll();
  document.addEventListener("htmx:afterSettle", startAll);
})();
