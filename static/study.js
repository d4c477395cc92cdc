/* <form data-study>: tells the server every few seconds that this page is open and in sight. It sends no numbers: the
   server looks at its own clock. A hidden or closed page stops; a page opened later takes the clock over (409 here). */
(() => {
  "use strict";
  const form = document.querySelector("form[data-study]");
  if (!form) return;
  const state = form.querySelector("[data-study-state]"), again = form.querySelector("[data-study-again]");
  const every = Number(form.dataset.seconds) * 1000, background = "background" in form.dataset;
  let running = false, ended = false, timer = 0, pausing = Promise.resolve();

  function say(text, offer) {
    state.textContent = text;
    again.hidden = !offer;
  }
  function send(address, keepalive) {
    return fetch(address, { method: "POST", body: new URLSearchParams(new FormData(form)), credentials: "same-origin", redirect: "manual", keepalive, headers: { "HX-Request": "true" } });
  }
  function draw(html) {
    const page = new DOMParser().parseFromString(html, "text/html");
    const clock = page.querySelector("#study-clock"), place = document.querySelector("#study-clock");
    if (clock && place) place.replaceWith(clock);
    return { clock, words: page.querySelector("#message")?.textContent.trim() || "" };
  }
  function stop(text, offer) {
    running = false;
    clearTimeout(timer);
    say(text, offer);
  }
  async function report(address) {
    let answer = null, html = "";
    try {
      answer = await send(address, false);
      html = await answer.text();
    } catch { /* no network: tried again below, and the server counts what it may */ }
    if (!running) return;
    if (answer && answer.ok) {
      const { clock } = draw(html);
      if (clock && "closed" in clock.dataset) { ended = true; stop("学习时间已经结束，不再计时。", false); return; }
      if (clock && "full" in clock.dataset) { ended = true; pause(); stop("本模块已学满，不再计时，请学习其他模块。", false); return; }
      say("正在计时。", false);
    } else if (answer && (answer.status === 401 || answer.status === 400 || answer.type === "opaqueredirect")) {
      stop("登录已过期，没有计时，请刷新本页重新登录。", false);
      return;
    } else if (answer && [403, 404, 409].includes(answer.status)) {
      stop(draw(html).words || "计时已停止，请刷新本页。", answer.status === 409);
      return;
    } else {
      say("网络或服务器暂时不通，正在重试……", false);
    }
    timer = setTimeout(() => report(form.dataset.beat), every);
  }
  async function start() {
    if (running || ended) return;
    running = true;
    clearTimeout(timer);
    await pausing;
    report(form.action);
  }
  function pause() {
    if (!running) return;
    running = false;
    clearTimeout(timer);
    pausing = send(form.dataset.pause, true).catch(() => {});
  }
  form.addEventListener("submit", (event) => { event.preventDefault(); start(); });
  document.addEventListener("visibilitychange", () => {
    if (background) return;
    if (document.visibilityState === "hidden") { pause(); if (!ended) say("已暂停计时。", false); } else start();
  });
  window.addEventListener("pagehide", pause);
  window.addEventListener("pageshow", (event) => { if (event.persisted) start(); });
  if (document.querySelector("#study-clock[data-full]")) { ended = true; say("本模块已学满，不再计时。", false); }
  else if (background || document.visibilityState === "visible") start();
})();
