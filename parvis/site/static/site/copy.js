/* Copies a receipt code, or words of a field. Without this script they can be selected whole. */
document.querySelectorAll("[data-copy]").forEach((button) => {
  if (!navigator.clipboard) return;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent.trim());
    document.querySelectorAll("[data-copied]").forEach((words) => {
      words.hidden = !["", button.dataset.copy].includes(words.dataset.copied);
    });
  });
});
