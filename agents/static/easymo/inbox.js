// The inbox shows what is new within a second. Without this script a reload does.
document.addEventListener("DOMContentLoaded", () => {
  const inbox = document.querySelector(".inbox");
  const text = document.getElementById("inbox-text");
  const thread = document.getElementById("inbox-thread");
  const said = document.getElementById("inbox-said");
  const title = document.title;
  const bottom = () => thread && (thread.scrollTop = thread.scrollHeight);
  bottom();

  for (const link of document.querySelectorAll(".inbox-canned a")) {
    link.addEventListener("click", (press) => {
      press.preventDefault();
      text.value = text.value ? `${text.value.trimEnd()}\n${link.dataset.text}` : link.dataset.text;
      text.focus();
    });
  }

  // A part is replaced only when it differs; the focus stays where it was.
  const replace = (id, html) => {
    const part = document.getElementById(id);
    if (!part || part.dataset.last === html) return false;
    const isFirst = !part.dataset.last;
    const held = part.contains(document.activeElement) ? document.activeElement : null;
    const kept = held && { href: held.getAttribute("href"), value: held.value };
    part.dataset.last = html;
    part.innerHTML = html;
    if (kept) {
      const same = [...part.querySelectorAll("a, button")].find(
        (each) => each.getAttribute("href") === kept.href && each.value === kept.value,
      );
      if (same) same.focus();
    }
    return !isFirst;
  };

  let etag = "";
  const look = async () => {
    if (!document.hidden) {
      const headers = etag ? { "If-None-Match": etag } : {};
      const answer = await fetch(inbox.dataset.news + location.search, {
        headers, cache: "no-store", redirect: "error", signal: AbortSignal.timeout(10000),
      });
      if (answer.status === 200) {
        const news = await answer.json();
        etag = answer.headers.get("ETag") || "";
        if (news.list) replace("inbox-list", news.list);
        if (news.head) replace("inbox-head", news.head.replace(/(name="key" value=")[^"]*/, "$1" + crypto.randomUUID()));
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
