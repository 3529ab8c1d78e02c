// Accessibility of pages whose templates are Unfold's or Django's, and progress.
document.addEventListener("DOMContentLoaded", () => {
  const words = document.getElementById("page")?.dataset || {};
  // Where the theme makes an element clickable that no key reaches: Enter and space press it.
  for (const pressed of document.querySelectorAll("[x-on\\:click]")) {
    if (pressed.tabIndex >= 0 || pressed.classList.contains("absolute") || pressed.matches("input, label")) continue;
    pressed.tabIndex = 0;
    pressed.setAttribute("role", "button");
    const name = /^open\w+/.exec(pressed.getAttribute("x-on:click").replace(/^if .*\{ /, ""));
    if (name) pressed.setAttribute("x-bind:aria-expanded", name[0]);
    if (pressed.matches(".material-symbols-outlined")) pressed.setAttribute("aria-label", words.close || "Close");
    pressed.addEventListener("keydown", (event) => {
      if (event.target !== pressed || (event.key !== "Enter" && event.key !== " ")) return;
      event.preventDefault();
      pressed.click();
    });
  }
  // Icons are ligatures: without this their names are read out with the button's.
  for (const icon of document.querySelectorAll(".material-symbols-outlined")) {
    if (icon.getAttribute("role") === "button") continue;
    icon.setAttribute("aria-hidden", "true");
    const owner = icon.closest("a, button");
    if (owner && !owner.textContent.replace(icon.textContent, "").trim() && !owner.getAttribute("aria-label"))
      owner.setAttribute("aria-label", owner.title || words.more || "More");
  }
  for (const parts of document.querySelectorAll(".vDateField, .vTimeField"))
    if (!parts.getAttribute("aria-label")) parts.setAttribute("aria-label", parts.placeholder || parts.name);
  for (const hint of document.querySelectorAll(".help-tooltip[aria-label]")) hint.setAttribute("role", "img");
  const search = document.getElementById("searchbar");
  if (search) search.setAttribute("aria-label", search.placeholder);
  // The theme puts the entry of the page at the very top of the menu.
  const menu = document.getElementById("nav-sidebar-apps"), entry = menu?.querySelector("a.active");
  if (entry && menu.scrollTop) menu.scrollTop = entry.offsetTop - menu.offsetTop - menu.clientHeight / 3;
  // Work goes on behind the page: show how far it is.
  if (document.querySelector("[data-reload]")) setTimeout(() => location.reload(), 2000);
  const wrong = document.querySelector("#content [aria-invalid=true]");
  // A browser skips autofocus when it loads the page in the background.
  const first = document.querySelector("[autofocus]");
  if (wrong) wrong.focus();
  else if (first && document.activeElement === document.body) first.focus();
});
