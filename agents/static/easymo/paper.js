// The button that opens the browser's own print page.
document.querySelector("[data-print]")?.addEventListener("click", () => print());
