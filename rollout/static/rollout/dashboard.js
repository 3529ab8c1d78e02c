// Refreshes the dashboard. Fetches the page without its frame and replaces the parts
// that have changed. What a user has typed, opened or focused in a part stays.
"use strict";

const dashboard = document.getElementById("room");
const words = document.getElementById("fresh-words");
const news = document.getElementById("news");
const EVERY_MS = Number(dashboard.dataset.every) * 1000;
const TIMEOUT_MS = 4000;
// The charts and the work list change by the minute: every twelfth request includes them.
const FULL_EVERY = 12;
let times = 0;
const shown = new Map();
let lastAt = words.dataset.at;
let timer = 0;
let composing = false;

function liveParts(root) {
  return [...root.querySelectorAll("[data-live]")];
}

// Returns what the user has typed, opened and focused inside a part.
function userInput(part) {
  const use = { typed: [], ticked: [], open: [], focus: null };
  for (const field of part.querySelectorAll("input[id], textarea[id], select[id]")) {
    if (field.type === "checkbox") {
      if (field.checked !== field.defaultChecked) use.ticked.push([field.id, field.checked]);
    } else if (field.tagName === "SELECT") {
      const first = [...field.options].find((each) => each.defaultSelected);
      if (first && !first.selected) use.typed.push([field.id, field.value]);
    } else if (field.value !== field.defaultValue) use.typed.push([field.id, field.value]);
  }
  for (const each of part.querySelectorAll("details[id]")) use.open.push([each.id, each.open]);
  const active = document.activeElement;
  if (active && active !== part && part.contains(active)) {
    const place = [...part.querySelectorAll("a, button, input, textarea, select, summary")].indexOf(active);
    use.focus = { id: active.id, place, from: null, to: null };
    try {
      use.focus.from = active.selectionStart;
      use.focus.to = active.selectionEnd;
    } catch { /* a field without a cursor */ }
  }
  return use;
}

function restoreInput(part, use) {
  for (const [id, value] of use.typed) {
    const field = document.getElementById(id);
    if (field) field.value = value;
  }
  for (const [id, isTicked] of use.ticked) {
    const field = document.getElementById(id);
    if (field) field.checked = isTicked;
  }
  for (const [id, isOpen] of use.open) {
    const each = document.getElementById(id);
    if (each) each.open = isOpen;
  }
  if (!use.focus) return;
  const again = use.focus.id
    ? document.getElementById(use.focus.id)
    : part.querySelectorAll("a, button, input, textarea, select, summary")[use.focus.place];
  if (!again) return;
  again.focus({ preventScroll: true });
  if (use.focus.from !== null && again.setSelectionRange) {
    try {
      again.setSelectionRange(use.focus.from, use.focus.to);
    } catch { /* a field without a cursor */ }
  }
}

// CSRF tokens differ in every answer.
function withoutTokens(html) {
  return html.replace(/(name="csrfmiddlewaretoken" value=")[^"]*/g, "$1");
}

function replaceParts(fresh) {
  for (const next of liveParts(fresh)) {
    const part = document.getElementById(next.id);
    const html = next.innerHTML;
    if (!part || shown.get(next.id) === withoutTokens(html)) continue;
    // Do not interrupt the composition of an input method.
    if (composing && part.contains(document.activeElement)) continue;
    shown.set(next.id, withoutTokens(html));
    const use = userInput(part);
    part.className = next.className;
    announce(part, next);
    part.innerHTML = html;
    restoreInput(part, use);
  }
}

function announce(part, next) {
  if (!next.dataset.news || next.dataset.news === part.dataset.news) return;
  part.dataset.news = next.dataset.news;
  news.textContent = next.dataset.news;
}

async function fetchDashboard() {
  const answer = await fetch(location.pathname + location.search, {
    headers: { "X-Room-Live": ++times % FULL_EVERY ? "quick" : "whole" },
    cache: "no-store",
    redirect: "manual",
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  if (answer.type === "opaqueredirect") throw new Error("signed out");
  if (!answer.ok) throw new Error(`the server says ${answer.status}`);
  return new DOMParser().parseFromString(await answer.text(), "text/html");
}

function showAge(problem) {
  words.parentElement.classList.toggle("stale", Boolean(problem));
  const why = problem === "signed out" ? "you are signed out: sign in again" : "the server does not answer";
  const said = problem ? `Not refreshed since ${lastAt}: ${why}.` : `As of ${lastAt}`;
  if (words.textContent !== said) words.textContent = said;
  // Announced to screen readers once, when the problem begins.
  if (problem && news.dataset.problem !== problem) news.textContent = said;
  news.dataset.problem = problem || "";
}

async function refresh() {
  clearTimeout(timer);
  try {
    const fresh = await fetchDashboard();
    const at = fresh.getElementById("fresh-words");
    if (!at) throw new Error("signed out");
    lastAt = at.dataset.at;
    replaceParts(fresh);
    showAge("");
  } catch (error) {
    showAge(error.message === "signed out" ? "signed out" : "silent");
  }
  clearTimeout(timer);
  if (!document.hidden) timer = setTimeout(refresh, EVERY_MS);
}

// On a telephone the parts below the banner stay folded; an address opens its part.
const isWide = matchMedia("(min-width: 641px)").matches;
const target = location.hash && document.getElementById(location.hash.slice(1));
for (const fold of document.querySelectorAll("details.fold")) {
  if (isWide || (target && fold.contains(target))) fold.open = true;
}
if (target) target.scrollIntoView();
for (const part of liveParts(dashboard)) shown.set(part.id, withoutTokens(part.innerHTML));
document.addEventListener("compositionstart", () => { composing = true; });
document.addEventListener("compositionend", () => { composing = false; });
document.addEventListener("visibilitychange", () => {
  clearTimeout(timer);
  if (!document.hidden) refresh();
});
timer = setTimeout(refresh, EVERY_MS);
