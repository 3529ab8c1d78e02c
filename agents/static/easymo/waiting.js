// Tells the browser's user that more waits, while the page is hidden. The text names no
// person. Asked for by a button: browsers refuse a question without a press.
document.addEventListener("DOMContentLoaded", () => {
  const page = document.querySelector("[data-waiting]");
  const button = document.querySelector("[data-notify]");
  const said = document.querySelector("[data-notify-said]");
  if (!page || !("Notification" in window)) return;
  const show = () => {
    if (button) button.hidden = Notification.permission !== "default";
    if (said && Notification.permission === "granted") said.textContent = said.dataset.on || "";
  };
  show();
  if (button) button.addEventListener("click", () => Notification.requestPermission().then(show));

  let last = null;
  const look = async () => {
    const answer = await fetch(page.dataset.waiting, {
      cache: "no-store", redirect: "error", signal: AbortSignal.timeout(10000),
    });
    if (answer.status !== 200) return;
    const found = await answer.json();
    for (const [name, each] of Object.entries(found)) {
      if (last && document.hidden && each.count > (last[name]?.count ?? 0) && Notification.permission === "granted") {
        new Notification(each.text, { tag: `easymo-${name}` }).onclick = () => window.focus();
      }
    }
    last = found;
  };
  const again = () => look().catch(() => undefined).then(() => setTimeout(again, document.hidden ? 10000 : 30000));
  document.addEventListener("visibilitychange", () => document.hidden && look().catch(() => undefined));
  setTimeout(again, 1000);
});
