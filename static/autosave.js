/* <form data-autosave="address">: posts what changed after 1.5 s of rest and says so. Nothing is kept in the browser's storage.
   The answer: 2xx saved (X-Saved-At: 10:32 and X-Seen: version may come with it), 401 signed out, 409 changed elsewhere, 422 not storable. */
(() => {
  "use strict";
  const REST = 1500, RETRY = 15000;

  function start(form) {
    if (form.dataset.autosaveReady) return;
    form.dataset.autosaveReady = "1";
    let edits = 0, saved = 0, sending = false, timer = 0, signedOut = false, stopped = false, leaving = false;
    const place = () => form.querySelector("[data-autosave-status]") || document.querySelector("[data-autosave-status]");
    function say(text, tone, link) {
      const where = place();
      if (!where) return;
      where.className = "autosave " + tone;
      where.textContent = text;
      if (link) where.append(" ", Object.assign(document.createElement("a"), { href: link, target: "_blank", textContent: "重新登录" }));
    }
    function wait(time) { clearTimeout(timer); timer = setTimeout(send, time); }
    function body() {
      const data = new FormData(form);
      for (const [name, value] of [...data]) if (value instanceof File) data.delete(name);
      return data;
    }
    async function send() {
      if (sending || stopped || signedOut || saved === edits || !form.isConnected) return;
      sending = true;
      const sent = edits;
      say("正在保存……", "");
      let answer = null;
      try {
        answer = await fetch(form.dataset.autosave, { method: "POST", body: body(), credentials: "same-origin", redirect: "manual", headers: { "HX-Request": "true", "X-Autosave": "1" } });
      } catch { /* no network: tried again below */ }
      sending = false;
      if (answer && answer.ok) {
        saved = sent;
        const seen = answer.headers.get("X-Seen"), field = form.querySelector("input[name=seen]");
        if (seen && field) field.value = seen;
        const now = new Date();
        const clock = String(now.getHours()).padStart(2, "0") + ":" + String(now.getMinutes()).padStart(2, "0");
        say("已保存 " + (answer.headers.get("X-Saved-At") || clock), "good");
        if (saved !== edits) wait(REST);
      } else if (answer && (answer.status === 401 || answer.status === 400 || answer.type === "opaqueredirect")) {
        signedOut = true;
        say("未保存，登录已过期，请重新登录。已填写的内容仍在页面上，登录后回到本页会自动保存。", "bad", form.dataset.login || "/login");
      } else if (answer && answer.status === 409) {
        stopped = true;
        say("未保存：这份材料已在别处修改或已提交，请刷新页面后再填写。", "bad");
      } else if (answer && answer.status === 422) {
        say("有内容格式不正确，改正后会自动保存。", "bad");
      } else if (answer && (answer.status === 403 || answer.status === 404)) {
        stopped = true;
        say("未保存：这份材料现在不能修改，请刷新页面查看状态。", "bad");
      } else {
        say("未保存，网络或服务器暂时不通，将自动重试。", "bad");
        wait(RETRY);
      }
    }
    /* signed in again in another tab: fetch this page once for the new form token, then save */
    async function resume() {
      if (!signedOut || !form.isConnected) return;
      try {
        const answer = await fetch(location.href, { credentials: "same-origin", redirect: "manual" });
        if (!answer.ok) return;
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        const token = page.querySelector("form[data-autosave] input[name=csrf_token]");
        if (!token) return;
        for (const field of document.querySelectorAll("input[name=csrf_token]")) field.value = token.value;
        signedOut = false;
        send();
      } catch { /* still no network: the next return to the page tries again */ }
    }
    for (const name of ["input", "change"]) {
      form.addEventListener(name, (event) => {
        if (event.target.type === "file") return;
        edits += 1;
        if (!signedOut && !stopped) { say("有未保存的修改", ""); wait(REST); }
      });
    }
    form.addEventListener("submit", () => { leaving = true; clearTimeout(timer); });
    document.addEventListener("htmx:afterRequest", (event) => { if (event.target === form) leaving = false; });
    document.addEventListener("visibilitychange", () => { if (document.visibilityState === "hidden") send(); else resume(); });
    window.addEventListener("focus", resume);
    window.addEventListener("online", () => wait(200));
    window.addEventListener("beforeunload", (event) => { if (form.isConnected && !leaving && saved !== edits) event.preventDefault(); });
  }
  const startAll = () => document.querySelectorAll("form[data-autosave]").forEach(start);
  startAll();
  document.addEventListener("htmx:afterSettle", startAll);
})();
