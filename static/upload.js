/* Upload forms (<form data-upload hx-encoding="multipart/form-data">): preview, a size check before sending, a progress bar. */
(() => {
  "use strict";
  document.documentElement.classList.add("uploads");
  const readable = (bytes) => bytes < 1048576 ? Math.max(1, Math.round(bytes / 1024)) + " KB" : (bytes / 1048576).toFixed(1) + " MB";

  async function preview(file, limit) {
    const box = document.createElement("div");
    const name = Object.assign(document.createElement("p"), { textContent: file.name + "（" + readable(file.size) + "）" });
    box.append(name);
    if (limit && file.size > limit) {
      box.append(Object.assign(document.createElement("p"), { className: "bad", textContent: "超过 " + readable(limit) + "，请换一份或压缩后再选" }));
      return box;
    }
    if (!file.type.startsWith("image/")) return box;
    try { /* drawn on a canvas, so that nothing but our own host needs to be allowed; HEIC shows its name only where the browser cannot read it */
      const image = await createImageBitmap(file, { resizeWidth: 260, resizeQuality: "medium" });
      const canvas = Object.assign(document.createElement("canvas"), { width: image.width, height: image.height });
      canvas.getContext("2d").drawImage(image, 0, 0);
      canvas.setAttribute("role", "img");
      canvas.setAttribute("aria-label", file.name);
      box.prepend(canvas);
      image.close();
    } catch { /* the server will say whether it can read the file */ }
    return box;
  }

  document.addEventListener("change", async (event) => {
    const input = event.target;
    const form = input.closest("form[data-upload]");
    if (!form || input.type !== "file") return;
    const limit = Number(input.dataset.maxBytes || 0);
    const files = [...input.files];
    const tooLarge = limit > 0 && files.some((file) => file.size > limit);
    input.setCustomValidity(tooLarge ? "文件超过 " + readable(limit) + "，请换一份或压缩后再选" : "");
    const place = input.closest(".field").querySelector("[data-upload-preview]");
    if (place) {
      place.replaceChildren(...await Promise.all(files.map((file) => preview(file, limit))));
      place.hidden = files.length === 0;
    }
    if (form.dataset.upload === "at-once" && files.length && !tooLarge) form.requestSubmit();
  });

  const bar = (form) => form.querySelector("[data-upload-progress]");
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("form[data-upload]")) return;
    const wrong = [...form.querySelectorAll("input[type=file]")].find((input) => !input.checkValidity());
    if (wrong) { event.preventDefault(); event.stopImmediatePropagation(); wrong.reportValidity(); return; }
    if (bar(form)) bar(form).hidden = false;
  }, true);
  document.addEventListener("htmx:xhr:progress", (event) => {
    const form = event.target;
    if (!form.matches("form[data-upload]") || !bar(form) || !event.detail.lengthComputable) return;
    const percent = Math.round(100 * event.detail.loaded / event.detail.total);
    bar(form).querySelector("progress").value = percent;
    bar(form).querySelector("[data-upload-percent]").textContent = percent < 100 ? "已上传 " + percent + "%" : "已上传，正在检查文件……";
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.target.matches("form[data-upload]") && bar(event.target)) bar(event.target).hidden = true;
  });
})();
