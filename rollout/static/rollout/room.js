// Keeps the operator's page fresh. The server draws it; this file fetches the same
// page without its frame and swaps what has changed, and nothing a person is using.
"use strict";

const room = document.getElementById("room");
const words = document.getElementById("fresh-words");
const news = document.getElementById("news");
const EVERY_MS = Number(room.dataset.every) * 1000;
const PATIENCE_MS = 4000;
// The charts and the desk move by the minute: each twelfth time they are asked for, too.
const WHOLE_EVERY = 12;
let times = 0;
const shown = new Map();
let lastAt = words.dataset.at;
let timer = 0;
let composing = false;

function liveParts(root) {
  return [...root.querySelectorAll("[data-live]")];
}

// What somebody has typed or opened inside a part, and where she is in it.
function useOf(part) {
  const use = { typed: [], open: [], focus: null };
  for (const field of part.querySelectorAll("input[id], textarea[id], select[id]")) {
    if (field.value !== field.defaultValue) use.typed.push([field.id, field.value]);
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

function giveBack(part, use) {
  for (const [id, value] of use.typed) {
    const field = document.getElementById(id);
    if (field) field.value = value;
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

// A masked token differs in every answer and says nothing new.
function sameButForTokens(html) {
  return html.replace(/(name="csrfmiddlewaretoken" value=")[^"]*/g, "$1");
}

function swap(fresh) {
  for (const next of liveParts(fresh)) {
    const part = document.getElementById(next.id);
    const html = next.innerHTML;
    if (!part || shown.get(next.id) === sameButForTokens(html)) continue;
    // Half a letter of an input method must not be lost.
    if (composing && part.contains(document.activeElement)) continue;
    shown.set(next.id, sameButForTokens(html));
    const use = useOf(part);
    part.className = next.className;
    tell(part, next);
    part.innerHTML = html;
    giveBack(part, use);
  }
}

function tell(part, next) {
  if (!next.dataset.news || next.dataset.news === part.dataset.news) return;
  part.dataset.news = next.dataset.news;
  news.textContent = next.dataset.news;
}

async function fetchRoom() {
  const answer = await fetch(location.pathname + location.search, {
    headers: { "X-Room-Live": ++times % WHOLE_EVERY ? "quick" : "whole" },
    cache: "no-store",
    redirect: "manual",
    signal: AbortSignal.timeout(PATIENCE_MS),
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
  // Said aloud once, when it begins.
  if (problem && news.dataset.problem !== problem) news.textContent = said;
  news.dataset.problem = problem || "";
}

async function refresh() {
  clearTimeout(timer);
  try {
    const fresh = await fetchRoom();
    const at = fresh.getElementById("fresh-words");
    if (!at) throw new Error("signed out");
    lastAt = at.dataset.at;
    swap(fresh);
    showAge("");
  } catch (error) {
    showAge(error.message === "signed out" ? "signed out" : "silent");
  }
  clearTimeout(timer);
  if (!document.hidden) timer = setTimeout(refresh, EVERY_MS);
}

for (const part of liveParts(room)) shown.set(part.id, sameButForTokens(part.innerHTML));
document.addEventListener("compositionstart", () => { composing = true; });
document.addEventListener("compositionend", () => { composing = false; });
document.addEventListener("visibilitychange", () => {
  clearTimeout(timer);
  if (!document.hidden) refresh();
});
timer = setTimeout(refresh, EVERY_MS);
