// The coding desk by keyboard. Everything here can also be done without it.
"use strict";
(() => {
  const form = document.querySelector("[data-coding]");
  if (!form) return;
  const passage = form.querySelector("[name=quote]");
  const keep = document.querySelector("[data-keep]");
  const help = form.querySelector("[data-script-help]");
  if (help) help.hidden = false;

  const selected = () => {
    const selection = document.getSelection();
    if (!selection || selection.isCollapsed) return "";
    const inside = (node) => {
      const element = node && (node.nodeType === 1 ? node : node.parentElement);
      return element && element.closest("[data-verbatim]");
    };
    const start = inside(selection.anchorNode);
    return start && start === inside(selection.focusNode) ? selection.toString().trim() : "";
  };

  if (keep && passage) {
    keep.hidden = false;
    // Pressing a button would empty the selection in some browsers before the click is known.
    keep.addEventListener("pointerdown", (event) => event.preventDefault());
    keep.addEventListener("click", () => {
      const words = selected();
      if (words) passage.value = words;
      passage.closest("details").open = true;
      passage.focus();
    });
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const at = event.target instanceof Element ? event.target : document.body;
    const writes = at.closest("textarea, select, [contenteditable]") ||
      at.matches("input:not([type=checkbox])");
    if (writes) return;
    if (/^[0-9]$/.test(event.key)) {
      const box = form.querySelector(`[data-digit="${event.key}"]`);
      if (box) {
        box.checked = !box.checked;
        box.focus();
        event.preventDefault();
      }
    } else if (event.key === "Enter" && !at.closest("a, button, summary")) {
      event.preventDefault();
      form.requestSubmit(form.querySelector("button[value=attach]"));
    }
  });
})();
