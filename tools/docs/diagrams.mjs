// Reads Mermaid text from standard input and writes it as SVG, in the colours of the page that holds it.
import { readFileSync } from "node:fs";
import { renderMermaidSVG } from "beautiful-mermaid";

const svg = renderMermaidSVG(readFileSync(0, "utf8"), {
  bg: "var(--md-default-bg-color)", fg: "var(--md-default-fg-color)", accent: "var(--md-accent-fg-color)", transparent: true,
});
process.stdout.write(svg
  .replace(/^\s*@import [^\n]*\n/m, "") // a font of another host
  .replace("font-family: 'Inter', system-ui", "font-family: system-ui")
  .replace("<svg ", '<svg class="diagram" role="img" ')
  .replace(/^ {2}(text|svg) \{/gm, (_, name) => `  svg.diagram${name === "text" ? " text" : ""} {`)
  .replace(/\n\s*\n/g, "\n")); // Markdown would end the block at an empty line
