/** Dark, light, or as the system is set. */
const KEY = "sf-state colours";
const THEMES = ["system", "dark", "light"] as const;
type Theme = (typeof THEMES)[number];

export function theme(): Theme {
  const chosen = document.documentElement.dataset.theme;
  return THEMES.find((each) => each === chosen) ?? "system";
}

/** The last choice in this browser. */
export function applyTheme(): void {
  try {
    set(THEMES.find((each) => each === localStorage.getItem(KEY)) ?? "system");
  } catch {
    // storage is switched off: as the system has it
  }
}

export function nextTheme(): void {
  const next = THEMES[(THEMES.indexOf(theme()) + 1) % THEMES.length] ?? "system";
  set(next);
  try {
    localStorage.setItem(KEY, next);
  } catch {}
}

function set(next: Theme): void {
  if (next === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = next;
}
