// Starts the platform's back-end (app.py) under uvicorn in a process of its own.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { serviceKey, within } from "../server.mjs";

const python = process.env.FANFARE_VENV_PYTHON ?? fileURLToPath(new URL("../../../build/venv/bin/python", import.meta.url));

export class Backend {
  #process;

  static async start(server) {
    const backend = new Backend();
    const folder = fileURLToPath(new URL(".", import.meta.url));
    const child = spawn(python, ["-m", "uvicorn", "app:app", "--app-dir", folder, "--port", "0"], {
      env: { ...process.env, FANFARE_URL: server.url, FANFARE_KEY: serviceKey },
      stdio: ["ignore", "ignore", "pipe"],
    });
    backend.#process = child;
    let said = "";
    const listening = new Promise((resolve, reject) => {
      createInterface({ input: child.stderr }).on("line", (line) => {
        said += line + "\n";
        const found = /Uvicorn running on (http:\/\/\S+)/.exec(line);
        if (found) resolve(found[1]);
      });
      child.once("error", reject);
      child.once("exit", (code) => reject(new Error(`uvicorn ended with ${code}:\n${said}`)));
    });
    backend.url = await within(60000, listening, "uvicorn");
    return backend;
  }

  /** Asks the back-end to do what makes it publish this event; gives the event's id. */
  async publish(type, fields) {
    const answer = await fetch(`${this.url}/${type.replace(".", "/")}`, {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(fields),
    });
    const body = await answer.json();
    if (answer.status !== 202) throw new Error(`${type}: ${answer.status} ${JSON.stringify(body)}`);
    return body.id;
  }

  async stop() {
    if (this.#process.exitCode !== null) return;
    const ended = once(this.#process, "exit");
    this.#process.kill("SIGTERM");
    await within(30000, ended, "uvicorn's end");
  }
}
