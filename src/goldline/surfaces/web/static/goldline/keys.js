// Single keys for what a page offers: an element with data-key is pressed, or focused where it is a field.
// Pages work without them; they can be switched off, and the choice is kept in this browser.
(() => {
  const KEPT = "goldline-keys";
  const box = () => document.querySelector("[data-keys]");
  const on = () => { try { return localStorage.getItem(KEPT) !== "off"; } catch { return true; } };
  document.addEventListener("DOMContentLoaded", () => {
    const chosen = box();
    if (!chosen) return;
    chosen.closest("[hidden]")?.removeAttribute("hidden");
    chosen.checked = on();
    chosen.addEventListener("change", () => {
      try { localStorage.setItem(KEPT, chosen.checked ? "on" : "off"); } catch { /* not kept */ }
    });
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.repeat) return;
    if (!box()?.checked || event.target.closest("input:not([type=radio]):not([type=checkbox]), textarea, select")) return;
    const found = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
    if (!found) return;
    event.preventDefault();
    if (found.matches("a, button, summary, [type=radio]")) found.click();
    if (!found.matches("a, button")) found.focus();
  });
})();
