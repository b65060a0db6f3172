/* Copies a receipt code. Without this script the code is selected whole by one click (CSS). */
document.querySelectorAll("[data-copy]").forEach((button) => {
  if (!navigator.clipboard) return;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent.trim());
    document.querySelectorAll("[data-copied]").forEach((words) => { words.hidden = false; });
  });
});
