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

  // The camera. A browser that cannot read QR codes itself loads a reader when it is needed.
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
    const kind = formats.includes("qr_code") ? BarcodeDetector : (await import(scan.dataset.scan)).BarcodeDetector;
    return new kind({ formats: ["qr_code"] });
  }

  async function scanned(video) {
    const [detector, stream] = await Promise.all([
      reader(), navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } }),
    ]);
    video.srcObject = stream;
    video.hidden = false;
    const end = Date.now() + 60000;
    let digits = "";
    try {
      await video.play();
      while (Date.now() < end && digits.length !== 16) {
        const [found] = await detector.detect(video).catch(() => []);
        digits = found?.rawValue.replace(/\D/g, "") ?? "";
        if (digits.length !== 16) await new Promise((done) => setTimeout(done, 200));
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
