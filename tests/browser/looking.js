// What an auditor of accessibility would find on a page: a list of complaints.
() => {
  const found = [];
  const where = (each) => `${each.tagName.toLowerCase()}${each.id ? "#" + each.id : ""} "${(each.textContent || "").trim().slice(0, 40)}"`;
  const isShown = (each) => each.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true });
  const room = document.getElementById("room");

  const named = (each) =>
    (each.getAttribute("aria-label") || "").trim() ||
    (each.getAttribute("aria-labelledby") || "").split(/\s+/).map((id) => document.getElementById(id)?.textContent || "").join("").trim() ||
    (each.labels && [...each.labels].map((one) => one.textContent).join("").trim()) ||
    (["A", "BUTTON", "SUMMARY"].includes(each.tagName) ? each.textContent.trim() : "");
  for (const each of room.querySelectorAll("a[href], button, summary, input:not([type=hidden]), select, textarea, progress")) {
    if (!named(each)) found.push(`no name: ${where(each)}`);
  }
  for (const each of room.querySelectorAll("section, nav, [role=region], figure, form[aria-labelledby]")) {
    if (!named(each)) found.push(`a part without a name: ${where(each)}`);
  }
  for (const each of room.querySelectorAll("svg")) {
    if (each.closest("[aria-hidden=true]")) continue;
    if (each.getAttribute("role") !== "img" || !named(each)) found.push(`a drawing without words: ${where(each)}`);
  }
  for (const each of room.querySelectorAll("[aria-labelledby], [aria-describedby]")) {
    for (const id of `${each.getAttribute("aria-labelledby") || ""} ${each.getAttribute("aria-describedby") || ""}`.trim().split(/\s+/)) {
      if (!document.getElementById(id)) found.push(`points to nothing: ${id}`);
    }
  }
  const ids = [...room.querySelectorAll("[id]")].map((each) => each.id);
  for (const id of ids) if (document.querySelectorAll(`#${CSS.escape(id)}`).length > 1) found.push(`twice: #${id}`);
  for (const each of room.querySelectorAll("th:not([scope])")) found.push(`a heading of a table without a scope: ${where(each)}`);
  if (document.querySelectorAll("main").length !== 1) found.push("not exactly one main");
  if (document.querySelectorAll("#room h1").length !== 1) found.push("not exactly one h1");
  let level = 0;
  for (const each of room.querySelectorAll("h1, h2, h3, h4")) {
    const here = Number(each.tagName[1]);
    if (here > level + 1 && level) found.push(`a level of headings is left out: ${where(each)}`);
    level = here;
  }
  if (!document.documentElement.lang) found.push("no language");
  if (document.getElementById("news").getAttribute("aria-live") !== "polite") found.push("changes are not said");

  const parse = (color) => (color.match(/[\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255).map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)).reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (each) => {
    for (let one = each; one; one = one.parentElement) {
      const color = getComputedStyle(one).backgroundColor;
      const parts = parse(color);
      if (color.startsWith("rgb") && (parts.length === 3 || parts[3] > 0.99)) return parts;
    }
    return document.documentElement.classList.contains("dark") ? [15, 23, 42] : [255, 255, 255];
  };
  for (const each of room.querySelectorAll("*")) {
    const own = [...each.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!own || !isShown(each) || each.closest("svg, .unseen, .overview")) continue;
    const style = getComputedStyle(each);
    if (!style.color.startsWith("rgb")) continue;
    const [a, b] = [light(parse(style.color)), light(behind(each))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const size = parseFloat(style.fontSize);
    const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (ratio < (isLarge ? 3 : 4.5)) found.push(`hard to read (${ratio.toFixed(1)}): ${where(each)}`);
  }
  for (const each of room.querySelectorAll("button, .call, .range a")) {
    if (isShown(each) && each.getBoundingClientRect().height < 40) found.push(`too small for a thumb: ${where(each)}`);
  }
  return found;
}
