// Accessibility of pages whose templates are Unfold's or Django's, and progress.
document.addEventListener("DOMContentLoaded", () => {
  // Icons are ligatures: without this their names are read out with the button's.
  for (const icon of document.querySelectorAll(".material-symbols-outlined")) {
    icon.setAttribute("aria-hidden", "true");
    const owner = icon.closest("a, button");
    if (owner && !owner.textContent.replace(icon.textContent, "").trim() && !owner.getAttribute("aria-label"))
      owner.setAttribute("aria-label", owner.title || "More");
  }
  for (const parts of document.querySelectorAll(".vDateField, .vTimeField"))
    if (!parts.getAttribute("aria-label")) parts.setAttribute("aria-label", parts.placeholder || parts.name);
  for (const hint of document.querySelectorAll(".help-tooltip[aria-label]")) hint.setAttribute("role", "img");
  const search = document.getElementById("searchbar");
  if (search) search.setAttribute("aria-label", search.placeholder);
  // Work goes on behind the page: show how far it is.
  if (document.querySelector("[data-reload]")) setTimeout(() => location.reload(), 2000);
  const wrong = document.querySelector("#content [aria-invalid=true]");
  // A browser skips autofocus when it loads the page in the background.
  const first = document.querySelector("#content [autofocus]");
  if (wrong) wrong.focus();
  else if (first && document.activeElement === document.body) first.focus();
});
