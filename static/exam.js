/* The exam paper: each answer is sent as it is given; when the connection is lost a banner says so, and the answers wait
   in this page's memory until it is back. Time comes from the server; the clock of this computer is never asked. */
(() => {
  const form = document.getElementById("exam-form");
  if (!form) return;
  const find = (id) => document.getElementById(id);
  const status = find("exam-status"), banner = find("exam-lost");
  const waiting = new Map(); /* place → the newest value that the server does not have yet */
  let ends = 0, heard = 0, lost = false, over = false, leaving = false, retry = 0;

  const hear = (seconds) => { heard = performance.now(); ends = heard + Number(seconds) * 1000; };
  hear(form.dataset.seconds);

  /* the countdown */
  function tick() {
    const left = Math.max(0, Math.ceil((ends - performance.now()) / 1000));
    find("exam-left").textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
    find("exam-clock").classList.toggle("soon", left <= 300);
    if (left === 300) say("还剩5分钟");
    /* who thinks for long must not be logged out for it */
    if (performance.now() - heard > 600000 && left > 0) { heard = performance.now(); renew(); }
    if (left === 0 && !over) finish();
  }
  setInterval(tick, 1000);
  tick();

  function finish() {
    over = true;
    for (const input of form.querySelectorAll("input, button")) if (input.type !== "hidden") input.disabled = true;
    say("考核时间已到");
    /* the server hands the paper in by itself; this page only goes to look at the result */
    const look = () => fetch(form.dataset.result, { cache: "no-store", redirect: "manual" })
      .then(() => { leaving = true; location.replace(form.dataset.result); })
      .catch(() => { alarm("考核时间已到，系统已自动交卷。网络恢复后将显示成绩。"); setTimeout(look, 3000); });
    setTimeout(look, 1200);
  }

  /* what the bar and the list of numbers say */
  const say = (text) => { if (status.textContent !== text) status.textContent = text; };
  function alarm(text) { banner.hidden = false; banner.firstElementChild.textContent = text; }
  const value = (place) => [...form.querySelectorAll(`[name=a${place}]:checked`)].map((input) => input.value).sort().join("");
  function count() {
    let done = 0;
    for (const link of document.querySelectorAll(".exam-places a")) {
      const given = value(link.id.slice(1)) !== "";
      link.classList.toggle("done", given);
      done += given;
    }
    find("exam-done").textContent = done;
  }

  /* sending, one answer at a time, so that the newest value of a question is the last to arrive */
  form.addEventListener("change", (event) => {
    if (!/^a\d+$/.test(event.target.name)) return;
    const place = event.target.name.slice(1);
    waiting.delete(place);
    waiting.set(place, value(place));
    count();
    send();
  });

  let run = null;
  const send = () => (run ??= sendAll().finally(() => { run = null; }));

  async function sendAll() {
    clearTimeout(retry);
    while (waiting.size && !over) {
      const [place, given] = waiting.entries().next().value;
      if (!lost) say("正在保存…");
      if (!(await sent(place, given))) break;
      if (waiting.get(place) === given) waiting.delete(place);
    }
    if (over) return false;
    if (waiting.size || (lost && !(await renew()))) { retry = setTimeout(send, 3000); return false; }
    if (lost) { lost = false; banner.hidden = true; say("网络已恢复，答案已全部保存"); } else if (status.textContent === "正在保存…") say("答案已保存");
    return true;
  }

  async function sent(place, given) {
    const stop = new AbortController(), timer = setTimeout(() => stop.abort(), 10000);
    let answer;
    try {
      answer = await fetch(`${form.getAttribute("action")}/${place}`, {
        method: "POST", redirect: "manual", signal: stop.signal, headers: { "X-Requested-With": "fetch" },
        body: new URLSearchParams({ csrf_token: form.elements.csrf_token.value, value: given }),
      });
    } catch { return fail("网络连接已中断。"); } finally { clearTimeout(timer); }
    if (answer.status === 204) { hear(answer.headers.get("X-Seconds-Left")); return true; }
    if (answer.status === 409 || answer.status === 404) { over = leaving = true; location.replace(form.dataset.result); return false; }
    if (answer.status === 422) { alarm(await answer.text()); waiting.delete(place); return true; }
    if (answer.type === "opaqueredirect") return fail("登录已过期，请在新窗口中重新登录，本页不要关闭。", true);
    if (answer.status === 400) return (await renew()) ? false : fail("登录已过期，请在新窗口中重新登录，本页不要关闭。");
    return fail("服务器暂时没有应答。");
  }

  function fail(why, known) {
    lost = true;
    alarm(`${why}${waiting.size ? `有${waiting.size}题的答案暂存在本页，` : ""}恢复后自动保存，请不要关闭或刷新页面。`);
    say("");
    if (known) renew();
    return false;
  }

  /* a fresh token after a new login elsewhere, and the time after this computer has slept */
  async function renew() {
    try {
      const answer = await fetch(location.pathname, { cache: "no-store", redirect: "manual" });
      if (!answer.ok) return false;
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("exam-form");
      if (!fresh) return false;
      form.elements.csrf_token.value = fresh.elements.csrf_token.value;
      hear(fresh.dataset.seconds);
      return true;
    } catch { return false; }
  }

  window.addEventListener("offline", () => fail("网络连接已中断。"));
  window.addEventListener("online", send);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && performance.now() - heard > 60000) renew();
    if (!document.hidden) send();
  });
  /* the Back button may show a page from memory: the server says what is true now */
  window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });

  /* handing in: first what waits; without a connection not at all (before portal.js lets the form rest) */
  window.addEventListener("submit", async (event) => {
    if (event.target !== form || leaving) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const button = event.submitter;
    const all = await send();
    await new Promise((done) => setTimeout(done)); /* a form cannot be sent again while it is still being sent */
    if (!all || !navigator.onLine) { alarm("网络连接已中断，还不能交卷：答案暂存在本页，恢复后请再点“交卷”。"); return; }
    leaving = true;
    form.requestSubmit(button);
    leaving = false;
  }, true);
  window.addEventListener("beforeunload", (event) => { if (waiting.size && !leaving && !over) event.preventDefault(); });
  count();
})();
