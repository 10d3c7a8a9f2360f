// Bundles the page and serves it: FANFARE_URL=http://… node serve.mjs prints the page's URL. Ends with its standard input.
import { build } from "esbuild";
import { once } from "node:events";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";

/** Resolves with {url, close()}. The event server must allow the page's origin (cors.origins). */
export async function servePage(fanfareUrl) {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL("app.tsx", import.meta.url))],
    bundle: true,
    write: false,
    format: "esm",
    jsx: "automatic",
    define: { FANFARE_URL: JSON.stringify(fanfareUrl), "process.env.NODE_ENV": '"development"' },
  });
  const files = {
    "/": ["text/html", '<!doctype html><meta charset="utf-8"><title>Fanfare</title><div id="app"></div><script type="module" src="/app.js"></script>'],
    "/app.js": ["text/javascript", outputFiles[0].text],
  };
  const server = createServer((request, response) => {
    const [type, body] = files[request.url] ?? [];
    response.writeHead(body ? 200 : 404, { "content-type": `${type ?? "text/plain"}; charset=utf-8` }).end(body ?? "not found");
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const page = await servePage(process.env.FANFARE_URL ?? "http://127.0.0.1:8000");
  console.log(page.url);
  process.stdin.on("end", () => page.close()).resume();
}
