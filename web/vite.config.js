import { defineConfig } from "vite";

// `npm run dev` shows what is being written, in front of the server that this names: `fanfare serve --dev`.
const server = process.env.FANFARE_URL ?? "http://127.0.0.1:8000";

export default defineConfig({
  base: "/dashboard/",
  esbuild: { jsx: "automatic", jsxImportSource: "preact", legalComments: "none" },
  server: { proxy: { "/api": server, "/dashboard/session.json": server, "/socket.io": { target: server, ws: true } } },
  build: {
    target: "es2022",
    // The server's CSP allows files of its own and nothing inline.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
});
