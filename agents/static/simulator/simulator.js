// The telephone in the browser: sends as the sandbox person, redraws what changed.
// The parts are rendered by the server; this file only fetches and swaps them.
"use strict";

const EVERY_MS = 700;
const AWAY_MS = 4000;
const composer = document.getElementById("composer");
const chat = document.getElementById("chat");
const behind = document.getElementById("behind");
const failed = document.getElementById("failed");
const tags = new Map();

function cookie(name) {
  const found = document.cookie.match(new RegExp(`(?:^|; )${name}=([^;]*)`));
  return found ? decodeURIComponent(found[1]) : "";
}

function csrf() {
  const field = document.querySelector("[name=csrfmiddlewaretoken]");
  return field ? field.value : cookie("csrftoken");
}

function say(text) {
  failed.textContent = text;
  failed.hidden = !text;
}

function atEnd() {
  return chat.scrollHeight - chat.scrollTop - chat.clientHeight < 80;
}

function toEnd() {
  chat.scrollTop = chat.scrollHeight;
}

function openDetails(root) {
  return new Set([...root.querySelectorAll("details[open]")].map((one) => one.id));
}

async function redraw(part) {
  const headers = tags.has(part) ? { "If-None-Match": tags.get(part) } : {};
  const answer = await fetch(part.dataset.src, { headers, redirect: "error" });
  if (answer.status === 304) return;
  if (!answer.ok) throw new Error(`The server answered ${answer.status}.`);
  const html = await answer.text();
  tags.set(part, answer.headers.get("ETag"));
  const follow = part !== chat || atEnd();
  const open = openDetails(part);
  part.innerHTML = html;
  for (const id of open) document.getElementById(id)?.setAttribute("open", "");
  if (part === chat && follow) toEnd();
  if (part === behind) showFeatures();
}

function showFeatures() {
  const now = document.getElementById("features-now");
  if (now) document.getElementById("features").replaceChildren(now.content.cloneNode(true));
}

let isDown = false;
async function tick() {
  try {
    await Promise.all([redraw(chat), redraw(behind)]);
    if (isDown) say("");
    isDown = false;
  } catch (error) {
    isDown = true;
    say("The server cannot be reached. Trying again…");
  }
  setTimeout(tick, document.hidden || isDown ? AWAY_MS : EVERY_MS);
}

// Until a worker has taken the message in, it stands there with one tick.
function echo(text) {
  const bubble = document.createElement("div");
  bubble.className = "bubble theirs fresh";
  const words = document.createElement("p");
  words.textContent = text;
  const footer = document.createElement("footer");
  const tick = document.createElement("i");
  tick.className = "ticks sent";
  tick.setAttribute("role", "img");
  tick.setAttribute("aria-label", "sent");
  footer.append(tick);
  bubble.append(words, footer);
  chat.querySelector(".empty")?.remove();
  chat.append(bubble);
}

// Returns whether it was sent; `shown` stands in the chat until it has arrived.
async function post(fields, shown) {
  say("");
  const body = new FormData();
  for (const [name, value] of Object.entries(fields)) body.append(name, value);
  const headers = { "X-CSRFToken": csrf() };
  try {
    const answer = await fetch(composer.action, { method: "POST", body, headers });
    if (!answer.ok) {
      const said = await answer.json().catch(() => ({}));
      throw new Error(said.error || `The server answered ${answer.status}.`);
    }
  } catch (error) {
    say(`Not sent: ${error.message}`);
    return false;
  }
  if (shown) echo(shown);
  toEnd();
  return true;
}

function send(text, button = "") {
  return post({ text, button }, text);
}

if (composer) {
  const box = composer.elements.text;
  composer.addEventListener("submit", async (event) => {
    event.preventDefault();
    const text = box.value.trim();
    if (!text) return;
    box.value = "";
    if (!(await send(text))) box.value = text;
    box.focus();
  });
  box.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    composer.requestSubmit();
  });
  document.querySelector(".chips").addEventListener("click", (event) => {
    const chip = event.target.closest("[data-say]");
    if (!chip) return;
    box.value = chip.dataset.say;
    box.focus();
  });
  chat.addEventListener("click", (event) => {
    const reply = event.target.closest("[data-button]");
    if (reply) send(reply.dataset.say, reply.dataset.button);
  });
  // A photo takes its room only once it is there.
  let wasAtEnd = true;
  chat.addEventListener("scroll", () => { wasAtEnd = atEnd(); });
  chat.addEventListener("load", () => { if (wasAtEnd) toEnd(); }, true);
  toEnd();
  tick();
}

document.querySelector(".tabs").addEventListener("click", (event) => {
  const tab = event.target.closest("[data-show]");
  if (!tab) return;
  document.body.dataset.view = tab.dataset.show;
  for (const other of document.querySelectorAll(".tabs button")) other.removeAttribute("aria-current");
  tab.setAttribute("aria-current", "true");
  if (chat) toEnd();
});

for (const opener of document.querySelectorAll("[data-dialog]")) {
  const dialog = document.getElementById(opener.dataset.dialog);
  const form = dialog.querySelector("form");
  const said = dialog.querySelector(".said");
  opener.addEventListener("click", () => {
    said.textContent = "";
    form.reset();
    dialog.showModal();
  });
  dialog.querySelector("[data-close]").addEventListener("click", () => dialog.close());
  if (form.dataset.action) form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const body = new URLSearchParams({ action: form.dataset.action, reason: form.elements.reason.value });
    if (form.elements.override?.checked) body.set("override", "1");
    const headers = { "X-CSRFToken": csrf() };
    try {
      const answer = await fetch(form.getAttribute("action"), { method: "POST", body, headers });
      const words = await answer.json();
      said.textContent = words.said || words.error;
      if (answer.ok) setTimeout(() => dialog.close(), 1600);
    } catch (error) {
      said.textContent = "The server cannot be reached.";
    }
  });
}
