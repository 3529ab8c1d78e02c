// The page is written anew with each answer, in the same window: nothing is declared twice.
{
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
        say(form, document.body.dataset.unsent);
        button.disabled = false;
        button.textContent = label;
        return;
      }
      document.open();
      document.write(html);
      document.close();
    });

  function say(before, words) {
    let problem = document.querySelector(".problem");
    if (!problem) {
      problem = Object.assign(document.createElement("p"), { className: "problem" });
      problem.setAttribute("role", "alert");
      before.before(problem);
    }
    problem.textContent = words;
  }

  // The camera. Pictures go to the server only where the browser reads no QR codes itself.
  const scan = document.querySelector("[data-scan]");
  if (scan && navigator.mediaDevices) {
    scan.hidden = false;
    scan.addEventListener("click", async () => {
      scan.disabled = true;
      if (!(await scanned(document.querySelector("video")).catch(() => false))) say(scan, document.body.dataset.camera);
      scan.disabled = false;
    });
  }

  async function reader() {
    const formats = "BarcodeDetector" in window ? await BarcodeDetector.getSupportedFormats() : [];
    if (!formats.includes("qr_code")) return readByServer;
    const detector = new BarcodeDetector({ formats: ["qr_code"] });
    return async (video) => (await detector.detect(video))[0]?.rawValue;
  }

  async function readByServer(video) {
    const side = Number(scan.dataset.side), from = Math.min(video.videoWidth, video.videoHeight);
    const canvas = Object.assign(document.createElement("canvas"), { width: side, height: side });
    const drawn = canvas.getContext("2d", { willReadFrequently: true });
    drawn.drawImage(video, (video.videoWidth - from) / 2, (video.videoHeight - from) / 2, from, from, 0, 0, side, side);
    const { data } = drawn.getImageData(0, 0, side, side);
    // Sixteen greys are enough, and less to send on a bad line.
    const grey = Uint8Array.from({ length: side * side }, (_, at) => ((data[4 * at] + 2 * data[4 * at + 1] + data[4 * at + 2]) >> 2) & 0xf0);
    const body = await new Response(new Blob([grey]).stream().pipeThrough(new CompressionStream("deflate"))).blob();
    const answer = await fetch(scan.dataset.scan, {
      method: "POST", body, credentials: "same-origin", signal: AbortSignal.timeout(LONGEST_MS),
      headers: { "X-CSRFToken": document.querySelector("[name=csrfmiddlewaretoken]").value },
    });
    return answer.ok ? (await answer.json()).digits : "";
  }

  async function scanned(video) {
    const [read, stream] = await Promise.all([
      reader(), navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } }),
    ]);
    video.srcObject = stream;
    video.hidden = false;
    const end = Date.now() + 60000;
    let digits = "";
    try {
      await video.play();
      while (Date.now() < end && digits.length !== 16) {
        const found = await read(video).catch(() => "");
        digits = (found ?? "").replace(/\D/g, "");
        if (digits.length !== 16) await new Promise((done) => setTimeout(done, 500));
      }
    } finally {
      for (const track of stream.getTracks()) track.stop();
      video.hidden = true;
    }
    if (digits.length !== 16) return false;
    document.getElementById("code").value = digits.replace(/(\d{4})(?=\d)/g, "$1 ");
    document.querySelector("form[data-once] button:not([type=button])").focus();
    return true;
  }
}
