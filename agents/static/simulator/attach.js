// What a telephone sends besides words: photo, voice note, location, sticker, reaction.
"use strict";

const LONGEST_SIDE = 1600;
const attach = document.getElementById("attach");
const voice = document.getElementById("voice");
const place = document.getElementById("place");

function closeSheet() {
  attach.removeAttribute("open");
}

// A telephone's photo is larger than it needs to be: WhatsApp makes it smaller, too.
async function smaller(file) {
  const bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
  const scale = Math.min(1, LONGEST_SIDE / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(bitmap.width * scale);
  canvas.height = Math.round(bitmap.height * scale);
  canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.82));
}

document.getElementById("photo").addEventListener("change", async (event) => {
  const [file] = event.target.files;
  event.target.value = "";
  closeSheet();
  if (!file) return;
  const box = composer.elements.text;
  const caption = box.value.trim();
  try {
    const small = await smaller(file);
    if (await post({ kind: "image", file: small, text: caption }, "📷 Photo")) box.value = "";
  } catch (error) {
    say("Not sent: this is no photo that can be read.");
  }
});

attach.addEventListener("click", (event) => {
  if (event.target.closest("[data-attach=sticker]")) post({ kind: "sticker" }, "😀");
  if (event.target.closest("button")) closeSheet();
});
attach.querySelector("label").addEventListener("keydown", (event) => {
  if (event.key === "Enter" || event.key === " ") document.getElementById("photo").click();
});
document.addEventListener("click", (event) => {
  if (!attach.contains(event.target)) closeSheet();
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") closeSheet();
});

document.getElementById("voice-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const words = event.target.elements.words.value.trim();
  if (!words) return;
  voice.close();
  await post({ kind: "audio", words }, "🎤 Voice note");
});

place.addEventListener("click", async (event) => {
  const spot = event.target.closest("[data-latitude]");
  if (!spot) return;
  place.close();
  const { latitude, longitude, name } = spot.dataset;
  await post({ kind: "location", latitude, longitude, name }, `📍 ${name}`);
});
document.getElementById("here").addEventListener("click", () => {
  const said = place.querySelector(".said");
  if (!navigator.geolocation) {
    said.textContent = "This browser does not tell where it is.";
    return;
  }
  said.textContent = "Looking…";
  navigator.geolocation.getCurrentPosition(
    ({ coords }) => {
      place.close();
      const [latitude, longitude] = [coords.latitude.toFixed(5), coords.longitude.toFixed(5)];
      post({ kind: "location", latitude, longitude }, "📍 Location");
    },
    () => { said.textContent = "This browser does not tell where it is."; },
    { timeout: 8000 },
  );
});

chat.addEventListener("click", (event) => {
  const chosen = event.target.closest("[data-react]");
  if (!chosen) return;
  chosen.closest("details").removeAttribute("open");
  post({ kind: "reaction", emoji: chosen.dataset.react, about: chosen.dataset.about });
});

// Recording needs a microphone, a secure page, and a format that WhatsApp knows.
const FORMATS = ["audio/ogg;codecs=opus", "audio/mp4"];
const record = document.getElementById("record");
const format = window.MediaRecorder && FORMATS.find((one) => MediaRecorder.isTypeSupported(one));
record.hidden = !(format && navigator.mediaDevices);
let recorder = null;

record.addEventListener("click", async () => {
  if (recorder) {
    recorder.stop();
    return;
  }
  const said = voice.querySelector(".said");
  try {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    const pieces = [];
    recorder = new MediaRecorder(stream, { mimeType: format });
    recorder.addEventListener("dataavailable", (event) => pieces.push(event.data));
    recorder.addEventListener("stop", async () => {
      for (const track of stream.getTracks()) track.stop();
      const cancelled = !voice.open;
      recorder = null;
      record.textContent = "Record instead";
      voice.close();
      if (cancelled) return;
      const file = new File(pieces, "voice", { type: format });
      await post({ kind: "audio", file }, "🎤 Voice note");
    });
    recorder.start();
    record.textContent = "Stop and send";
    said.textContent = "Recording…";
  } catch (error) {
    recorder = null;
    said.textContent = "The microphone cannot be used here.";
  }
});
voice.addEventListener("close", () => recorder?.stop());
