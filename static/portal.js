/* Small conveniences on every page. Everything works without them. */
(() => {
  "use strict";
  const root = document.documentElement;
  root.classList.add("js");
  const find = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];

  /* one open menu at a time; Escape and a click outside close it */
  const menus = ".top-seat, .top-menu, .demo-roles";
  document.addEventListener("click", (event) => {
    for (const menu of all(menus)) if (menu.open && !menu.contains(event.target)) menu.open = false;
    if (event.target.closest("[data-print]")) window.print();
    if (event.target.closest("[data-key-help]")) openHelp();
  });

  /* selection for bulk decisions */
  const boxes = (form) => all('input[data-check][form="' + form + '"]');
  function countChecked() {
    for (const bar of all("[data-bulk]")) {
      const list = boxes(bar.dataset.bulk);
      const chosen = list.filter((box) => box.checked).length;
      const count = find("[data-check-count]", bar);
      if (count) count.textContent = chosen;
      bar.classList.toggle("chosen", chosen > 0);
      for (const every of all('[data-check-all="' + bar.dataset.bulk + '"]')) {
        every.checked = chosen > 0 && chosen === list.length;
        every.indeterminate = chosen > 0 && chosen < list.length;
      }
    }
  }
  document.addEventListener("change", (event) => {
    const box = event.target;
    if (box.matches("[data-check-all]")) for (const each of boxes(box.dataset.checkAll)) each.checked = box.checked;
    if (box.matches("[data-check], [data-check-all]")) countChecked();
    if (box.matches("[data-keys-on]")) localStorage.setItem("keys", box.checked ? "on" : "off");
    /* a reason chosen from the library is put into the box named by data-insert, after what was typed */
    if (box.matches("select[data-insert]") && box.value) {
      const note = document.getElementById(box.dataset.insert);
      const text = note.value.trimEnd();
      note.value = text ? text + "\n" + box.value : box.value;
      note.dispatchEvent(new Event("input", { bubbles: true }));
      note.focus();
      box.selectedIndex = 0;
    }
  });

  /* keys: data-key on a control presses it; ignored while typing, and when switched off in the help */
  const keysOn = () => localStorage.getItem("keys") !== "off";
  let swapped = 0;
  const shown = (element) => !element.disabled && element.getClientRects().length > 0;
  function openHelp() {
    const help = find("[data-key-dialog]");
    if (!help || help.open) return;
    const box = find("[data-keys-on]", help);
    if (box) box.checked = keysOn();
    help.showModal();
  }
  function moveRow(step) {
    const rows = all("tr[data-row]").filter(shown);
    if (!rows.length) return;
    const here = rows.findIndex((row) => row.contains(document.activeElement));
    const row = rows[Math.min(rows.length - 1, Math.max(0, here < 0 ? 0 : here + step))];
    (find("a", row) || row).focus();
    row.scrollIntoView({ block: "nearest" });
  }
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      for (const menu of all(menus)) {
        if (menu.open) { menu.open = false; find("summary", menu).focus(); }
      }
      return;
    }
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing || event.repeat && !"jk".includes(event.key)) return;
    const at = event.target;
    const typing = at.isContentEditable || at.matches("textarea, select, input:not([type=checkbox], [type=radio], [type=submit], [type=button])");
    if (typing || find("dialog[open]")) return;
    if (event.key === "?") { event.preventDefault(); openHelp(); return; }
    if (!keysOn()) return;
    const key = event.key === "+" ? "=" : event.key.toLowerCase();
    if (key === "j" || key === "k") { event.preventDefault(); moveRow(key === "j" ? 1 : -1); return; }
    if (key === "s") {
      const box = at.closest("tr[data-row]") && find("input[data-check]", at.closest("tr[data-row]"));
      if (box) { event.preventDefault(); box.click(); return; }
    }
    const control = all("[data-key]").find((each) => each.dataset.key === key && shown(each));
    if (!control) return;
    event.preventDefault();
    /* the next case has just appeared: a second press meant the one before */
    if (control.matches("[name=action]") && Date.now() - swapped < 600) return;
    if (control.matches("input:not([type=submit], [type=button], [type=checkbox]), textarea, select")) control.focus();
    else control.click();
  });

  /* a form is sent once: its buttons rest until the answer (or, for a plain form, three seconds) */
  const rest = (form, busy) => {
    form.toggleAttribute("data-sent", busy);
    if (busy) form.setAttribute("aria-busy", "true"); else form.removeAttribute("aria-busy");
  };
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || event.defaultPrevented) return;
    if (form.hasAttribute("data-sent")) { event.preventDefault(); event.stopImmediatePropagation(); return; }
    if (form.hasAttribute("hx-post")) return;
    rest(form, true);
    setTimeout(() => rest(form, false), 3000);
  }, true);
  window.addEventListener("pageshow", () => { for (const form of all("form[data-sent]")) rest(form, false); countChecked(); });
  document.addEventListener("htmx:beforeSend", (event) => { if (event.target.matches("form[hx-post]")) rest(event.target, true); });
  document.addEventListener("htmx:afterRequest", (event) => { if (event.target.matches("form")) rest(event.target, false); });

  /* after a swap: errors first, then what asks for the focus, then the place where the focus was lost */
  let held = false;
  document.addEventListener("htmx:beforeSwap", (event) => { held = event.detail.target.contains(document.activeElement); });
  document.addEventListener("htmx:afterSettle", (event) => {
    countChecked();
    swapped = Date.now();
    const piece = event.detail.elt;
    if (!piece || !piece.isConnected) return;
    const polled = event.detail.requestConfig?.elt.matches("[hx-trigger^=every]"); /* nobody asked: the focus stays */
    const wanted = piece.matches("[data-focus]") ? piece : find("[data-focus]", piece);
    if (wanted) {
      wanted.focus({ preventScroll: true });
      wanted.scrollIntoView({ block: "nearest" });
    } else if ((held || !polled) && document.activeElement === document.body && piece.id && piece.id === (event.detail.target || {}).id) {
      if (!piece.hasAttribute("tabindex")) piece.setAttribute("tabindex", "-1");
      piece.focus({ preventScroll: true });
    }
    const message = find("#message");
    if (message && piece === message) message.scrollIntoView({ block: "nearest" });
  });

  /* no answer at all */
  function say(text) {
    const place = find("#message");
    if (!place) return;
    const box = document.createElement("div");
    box.className = "message bad";
    box.append(Object.assign(document.createElement("p"), { textContent: text }));
    place.replaceChildren(box);
    place.scrollIntoView({ block: "nearest" });
  }
  document.addEventListener("htmx:sendError", () => say("没有连上服务器，刚才的操作没有完成。请检查网络后再试一次，已填写的内容仍在页面上。"));
  document.addEventListener("htmx:timeout", () => say("服务器没有及时答复。请刷新页面，核对刚才的操作是否已经完成。"));
})();
