import { Store } from "./store.js";

export type Theme = "light" | "dark";

const system = matchMedia("(prefers-color-scheme: dark)");
let chosen: Theme | undefined; // by hand, for as long as the page is open

export const theme = new Store<Theme>(system.matches ? "dark" : "light");

theme.watch((next) => (document.documentElement.dataset.theme = next));
document.documentElement.dataset.theme = theme.value;
system.addEventListener("change", () => {
  if (!chosen) theme.set(system.matches ? "dark" : "light");
});

export function turn(): void {
  chosen = theme.value === "dark" ? "light" : "dark";
  theme.set(chosen);
}
