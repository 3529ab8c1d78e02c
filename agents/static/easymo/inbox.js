// The inbox shows what is new within a second. Without this script a reload does.
document.addEventListener("DOMContentLoaded", () => {
  const inbox = document.querySelector(".inbox");
  const text = document.getElementById("inbox-text");
  const thread = document.getElementById("inbox-thread");
  const said = document.getElementById("inbox-said");
  const title = document.title;
  const bottom = () => thread && (thread.scrollTop = thread.scrollHeight);
  bottom();

  // Keys go on in the conversation that was opened; after an answer, in the next one.
  const chosen = document.querySelector(".inbox-right");
  const answered = sessionStorage.getItem("inbox-answered") === location.search;
  sessionStorage.removeItem("inbox-answered");
  if (chosen && !matchMedia("(max-width: 760px)").matches)
    (answered && text ? text : chosen).focus({ preventScroll: true });
  document.querySelector(".inbox-composer")?.addEventListener("submit", () =>
    sessionStorage.setItem("inbox-answered", location.search));

  for (const filter of document.querySelectorAll(".inbox-search select")) {
    filter.addEventListener("change", () => filter.form.requestSubmit());
  }

  for (const link of document.querySelectorAll(".inbox-canned a")) {
    link.addEventListener("click", (press) => {
      press.preventDefault();
      text.value = text.value ? `${text.value.trimEnd()}\n${link.dataset.text}` : link.dataset.text;
      text.focus();
    });
  }

  // The window's clock, and what can be written before and after its end.
  const two = (number) => String(number).padStart(2, "0");
  const tick = () => {
    const head = document.querySelector("[data-closes]");
    const clock = document.querySelector("[data-window]");
    if (!head || !clock || head.dataset.reachable === "no" || !head.dataset.closes) return;
    const left = Number(head.dataset.closes) - Math.floor(Date.now() / 1000);
    const time = left >= 3600
      ? `${Math.floor(left / 3600)} h ${two(Math.floor(left / 60) % 60)} min`
      : `${Math.floor(left / 60)} min ${two(left % 60)} s`;
    clock.textContent = left > 0 ? clock.dataset.left.replace("{time}", time) : clock.dataset.over;
    for (const each of inbox.querySelectorAll("[data-when-open]")) each.hidden = left <= 0;
    for (const each of inbox.querySelectorAll("[data-when-closed]")) each.hidden = left > 0;
    for (const each of inbox.querySelectorAll("[data-answer]")) each.disabled = left <= 0;
  };
  tick();
  setInterval(tick, 1000);

  // Tokens and keys are other ones in each answer; they do not count as a difference.
  const plain = (html) => html.replace(/(name="(?:key|csrfmiddlewaretoken)" value=")[^"]*/g, "$1");
  const fresh = (html) => html.replace(/(name="key" value=")[^"]*/g, (found, start) => start + crypto.randomUUID());
  // A part is replaced only when it differs; the focus and what is unfolded stay. What
  // the user types in is left alone.
  const replace = (id, html) => {
    const part = document.getElementById(id);
    if (!part || part.dataset.last === plain(html)) return false;
    const isFirst = !part.dataset.last;
    const held = part.contains(document.activeElement) ? document.activeElement : null;
    if (held && held.matches("input, textarea, select")) return false;
    const kept = held && { href: held.getAttribute("href"), value: held.value };
    const unfolded = [...part.querySelectorAll("details[open][id]")].map((each) => each.id);
    part.dataset.last = plain(html);
    part.innerHTML = fresh(html);
    for (const each of unfolded) document.getElementById(each)?.setAttribute("open", "");
    if (kept) {
      const same = [...part.querySelectorAll("a, button")].find(
        (each) => each.getAttribute("href") === kept.href && each.value === kept.value,
      );
      if (same) same.focus();
    }
    return !isFirst;
  };

  // A press whose button was replaced before it ended would be lost.
  let isPressed = false;
  document.addEventListener("pointerdown", () => { isPressed = true; });
  for (const end of ["pointerup", "pointercancel"])
    document.addEventListener(end, () => setTimeout(() => { isPressed = false; }));

  let etag = "";
  const look = async () => {
    if (!document.hidden) {
      const headers = etag ? { "If-None-Match": etag } : {};
      const answer = await fetch(inbox.dataset.news + location.search, {
        headers, cache: "no-store", redirect: "error", signal: AbortSignal.timeout(10000),
      });
      if (isPressed) return 200;
      if (answer.status === 200) {
        const news = await answer.json();
        etag = answer.headers.get("ETag") || "";
        if (news.list) replace("inbox-list", news.list);
        if (news.head) replace("inbox-head", news.head);
        if (news.vouchers) replace("inbox-vouchers", news.vouchers);
        tick();
        const count = thread ? thread.querySelectorAll(".theirs, .said").length : 0;
        const isLow = thread && thread.scrollHeight - thread.scrollTop - thread.clientHeight < 60;
        if (news.thread && replace("inbox-thread", news.thread)) {
          if (isLow) bottom();
          if (thread.querySelectorAll(".said").length > count) said.textContent = "There is a new message.";
        } else if (isLow) bottom();
        document.title = news.waiting ? `(${news.waiting}) ${title}` : title;
      } else if (answer.status !== 304) return 5000;
    }
    return 1000;
  };
  const again = () => look().catch(() => 5000).then((pause) => setTimeout(again, pause));
  setTimeout(again, 1000);
});
