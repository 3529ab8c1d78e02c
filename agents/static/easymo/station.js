// A bad line: a press that was not sent says so, and sending it again does nothing twice.
const LONGEST_MS = 15000;

for (const form of document.querySelectorAll("form[data-once]"))
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("button:not([type=button])");
    const label = button.textContent;
    button.disabled = true;
    button.textContent = document.body.dataset.sending;
    let html;
    try {
      const answer = await fetch(form.action, {
        method: "POST", body: new FormData(form), credentials: "same-origin", signal: AbortSignal.timeout(LONGEST_MS),
      });
      if (answer.status >= 500) throw new Error("The server has a fault.");
      html = await answer.text();
    } catch {
      unsent(form);
      button.disabled = false;
      button.textContent = label;
      return;
    }
    document.open();
    document.write(html);
    document.close();
  });

function unsent(form) {
  let problem = document.querySelector(".problem");
  if (!problem) {
    problem = Object.assign(document.createElement("p"), { className: "problem" });
    problem.setAttribute("role", "alert");
    form.before(problem);
  }
  problem.textContent = document.body.dataset.unsent;
}

// The camera, where the browser itself reads QR codes.
const scan = document.querySelector("[data-scan]");
if (scan && "BarcodeDetector" in window && navigator.mediaDevices) {
  scan.hidden = false;
  scan.addEventListener("click", async () => {
    const video = document.querySelector("video");
    const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } }).catch(() => null);
    if (!stream) return;
    video.srcObject = stream;
    video.hidden = false;
    await video.play();
    const detector = new BarcodeDetector({ formats: ["qr_code"] });
    const end = Date.now() + 60000;
    while (Date.now() < end && !video.hidden) {
      const [found] = await detector.detect(video).catch(() => []);
      const digits = found?.rawValue.replace(/\D/g, "") ?? "";
      if (digits.length === 16) {
        document.getElementById("code").value = digits.replace(/(\d{4})(?=\d)/g, "$1 ");
        document.querySelector("form[data-once] button:not([type=button])").focus();
        break;
      }
      await new Promise((done) => setTimeout(done, 200));
    }
    for (const track of stream.getTracks()) track.stop();
    video.hidden = true;
  });
}
