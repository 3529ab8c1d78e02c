// A call in the browser: buttons act on the line, the parts are redrawn by the server.
// Uses csrf, redraw and say of simulator.js.
"use strict";

const POLL_MS = 400;
const pad = document.getElementById("pad");
const call = document.getElementById("call");
const words = document.getElementById("words");
const callButton = document.getElementById("call-button");
const aloud = document.getElementById("aloud");
const fast = document.getElementById("fast");
let isRunning = false;
let isBusy = false;
let isComposing = false;
let isCut = false;
const read = new Set([...call.querySelectorAll(".ours")].map((one) => one.id));

async function send(url, fields) {
  say("");
  const body = new FormData();
  for (const [name, value] of Object.entries(fields)) body.append(name, value);
  try {
    const answer = await fetch(url, { method: "POST", body, headers: { "X-CSRFToken": csrf() } });
    if (answer.ok) return true;
    const said = await answer.json().catch(() => ({}));
    say(said.error || `The server answered ${answer.status}.`);
  } catch (error) {
    say("The server cannot be reached.");
  }
  return false;
}

// One after the other: quick key presses arrive in their order.
let last = Promise.resolve(true);
function act(name, given = "") {
  last = last.then(() => send(pad.dataset.act, { act: name, words: given }));
  return last;
}

async function ring(twice) {
  if (isBusy) return;
  isBusy = true;
  callButton.setAttribute("aria-busy", "true");
  await send(pad.dataset.ring, { twice, pace: fast.checked ? "fast" : "normal" });
  await refresh();
  isBusy = false;
  callButton.removeAttribute("aria-busy");
}

// A button that goes off keeps the focus: it is marked, and does nothing.
function mark(button, isOff) {
  button.setAttribute("aria-disabled", String(isOff));
}

function showState() {
  const now = document.getElementById("call-now");
  isRunning = now.dataset.running === "1";
  const state = document.getElementById("line-state");
  const text = now.content.textContent.trim();
  if (state.textContent !== text) state.textContent = text;
  callButton.textContent = isRunning ? "Hang up" : "Call";
  callButton.classList.toggle("leave", isRunning);
  for (const one of pad.querySelectorAll("[data-in-call]")) mark(one, !isRunning);
  for (const one of pad.querySelectorAll("[data-idle]")) mark(one, isRunning);
  if (!isRunning) isComposing = false;
  readAloud(now.dataset.language);
}

function readAloud(language) {
  if (!("speechSynthesis" in window)) return;
  const cut = call.querySelector(".ours.is-cut:last-of-type");
  if (cut && !isCut) speechSynthesis.cancel();
  isCut = Boolean(cut);
  for (const bubble of call.querySelectorAll(".ours:not(.is-waiting)")) {
    if (read.has(bubble.id)) continue;
    read.add(bubble.id);
    if (!aloud.checked) continue;
    const spoken = new SpeechSynthesisUtterance(bubble.querySelector("p").textContent);
    spoken.lang = language;
    speechSynthesis.speak(spoken);
  }
}

async function refresh() {
  const follow = call.scrollHeight - call.scrollTop - call.clientHeight < 80;
  await Promise.all([redraw(call), redraw(behind)]);
  if (follow) call.scrollTop = call.scrollHeight;
  showState();
}

let isAway = false;
async function poll() {
  try {
    await refresh();
    if (isAway) say("");
    isAway = false;
  } catch (error) {
    isAway = true;
    say("The server cannot be reached. Trying again…");
  }
  setTimeout(poll, isAway || document.hidden ? 4000 : isRunning || isBusy ? POLL_MS : 1500);
}

function speak(text, name = "say") {
  isComposing = false;
  return act(name, text);
}

pad.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button || button.getAttribute("aria-disabled") === "true") return;
  if (button === callButton) {
    if (isRunning) act("hang_up");
    else ring("");
  } else if (button.id === "twice") ring("1");
  else if (button.id === "over") {
    speak(words.value.trim() || "I have a question", "speak_over");
    words.value = "";
  } else if (button.dataset.key) act("press", button.dataset.key);
  else if (button.dataset.words) speak(button.dataset.words);
  else if (button.dataset.do) act(button.dataset.do, button.dataset.with || "");
});

document.getElementById("speak").addEventListener("submit", async (event) => {
  event.preventDefault();
  const text = words.value.trim();
  if (!text) return;
  if (!isRunning) {
    say("Press Call first.");
    return;
  }
  words.value = "";
  if (!(await speak(text))) words.value = text;
});

// Who types begins to speak: so the agent does not take it for silence.
words.addEventListener("input", () => {
  if (!isRunning || isComposing || !words.value.trim()) return;
  isComposing = true;
  act("compose");
});

// The keys of the keyboard press the keypad while it has the focus.
pad.querySelector(".keys").addEventListener("keydown", (event) => {
  if (isRunning && /^[0-9*#]$/.test(event.key)) act("press", event.key);
});

if ("speechSynthesis" in window) {
  document.getElementById("aloud-box").hidden = false;
  aloud.addEventListener("change", () => { if (!aloud.checked) speechSynthesis.cancel(); });
}
showState();
poll();
