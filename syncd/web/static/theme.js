// Light or dark, as the system says or as was chosen. Runs before anything is drawn, so that nothing flashes.
(() => {
  const KEY = "syncd-theme";
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const chosen = () => { try { return localStorage.getItem(KEY); } catch { return null; } };
  const isDark = () => (chosen() ?? (system.matches ? "dark" : "light")) === "dark";
  const show = () => {
    root.dataset.theme = isDark() ? "dark" : "light";
    const button = document.getElementById("theme");
    if (button) {
      button.textContent = isDark() ? "Light" : "Dark";
      button.setAttribute("aria-label", `Change to ${isDark() ? "light" : "dark"} colours`);
    }
  };
  show();
  system.addEventListener("change", show);
  document.addEventListener("DOMContentLoaded", () => {
    show();
    document.getElementById("theme").addEventListener("click", () => {
      try { localStorage.setItem(KEY, isDark() ? "light" : "dark"); } catch { root.dataset.theme = isDark() ? "light" : "dark"; }
      show();
    });
  });
})();
