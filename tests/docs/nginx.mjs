// A real nginx in front of a server, with the server block of a page.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, watch } from "node:fs";
import { createServer, connect } from "node:net";
import { join } from "node:path";
import { within } from "../interop/server.mjs";

/** nginx with a server block, on a socket of the folder, and a port that leads there. */
export async function nginx(t, place, block) {
  const socket = join(place.folder, "nginx.sock");
  const own = block.replace(/listen 443 ssl;/, `listen unix:${socket};`).replace(/^ *ssl_certificate.*\n/gm, "");
  const paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path ${place.folder}/${name};`).join("\n");
  place.write("nginx.conf", `daemon off; pid ${place.folder}/nginx.pid; error_log stderr; events {} http { access_log off; ${paths}\n${own} }`);
  const child = spawn("nginx", ["-e", "stderr", "-c", join(place.folder, "nginx.conf")], { stdio: ["ignore", "ignore", "pipe"], env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` } });
  let errors = "";
  child.stderr.setEncoding("utf8").on("data", (text) => (errors += text));
  const exited = once(child, "exit");
  t.after(async () => { child.kill(); await exited; });
  const watcher = watch(place.folder);
  try {
    while (!existsSync(socket)) {
      await within(20000, Promise.race([once(watcher, "change"), exited.then(() => { throw new Error(`nginx ended: ${errors}`); })]), "nginx");
    }
  } finally { watcher.close(); }
  const door = createServer((near) => {
    const far = connect(socket);
    near.on("error", () => far.destroy());
    far.on("error", () => near.destroy());
    near.pipe(far).pipe(near);
  });
  await once(door.listen(0, "127.0.0.1"), "listening");
  const open = new Set();
  door.on("connection", (one) => { open.add(one); one.on("close", () => open.delete(one)); });
  t.after(() => { door.close(); open.forEach((one) => one.destroy()); });
  return `http://127.0.0.1:${door.address().port}`;
}
