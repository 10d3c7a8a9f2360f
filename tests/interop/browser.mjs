// Headless Chromium over its DevTools protocol: opens a page and evaluates expressions in it.
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import WebSocket from "ws";
import { within } from "./server.mjs";

const flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions",
  "--remote-debugging-port=0"];

export class Browser {
  #process;
  #profile;
  #socket;
  #waiting = new Map();
  #ids = 0;
  console = [];
  /** What the browser itself writes to the console: failed loads, refused origins. */
  log = [];

  static async open(url) {
    const browser = new Browser();
    browser.#profile = await mkdtemp(join(tmpdir(), "fanfare-chromium-"));
    browser.#process = spawn(process.env.CHROMIUM ?? "/usr/bin/chromium",
      [...flags, `--user-data-dir=${browser.#profile}`, "about:blank"], { stdio: ["ignore", "ignore", "pipe"] });
    let noise = "";
    const port = await within(60000, new Promise((resolve, reject) => {
      browser.#process.stderr.setEncoding("utf8").on("data", (text) => {
        noise += text;
        const found = /DevTools listening on ws:\/\/[^:]+:(\d+)\//.exec(noise);
        if (found) resolve(found[1]);
      });
      browser.#process.once("exit", (code) => reject(new Error(`chromium ended with ${code}: ${noise}`)));
    }), "chromium");
    const targets = await (await fetch(`http://127.0.0.1:${port}/json/list`)).json();
    const page = targets.find((target) => target.type === "page");
    browser.#socket = new WebSocket(page.webSocketDebuggerUrl, { perMessageDeflate: false });
    await new Promise((resolve, reject) => browser.#socket.once("open", resolve).once("error", reject));
    browser.#socket.on("message", (text) => browser.#receive(JSON.parse(text)));
    await browser.call("Runtime.enable");
    await browser.call("Page.enable");
    await browser.call("Log.enable");
    const loaded = new Promise((resolve) => (browser.loaded = resolve));
    await browser.call("Page.navigate", { url });
    await within(30000, loaded, "the page");
    return browser;
  }

  #receive(message) {
    if (message.id) {
      const { resolve, reject } = this.#waiting.get(message.id);
      this.#waiting.delete(message.id);
      if (message.error) reject(new Error(message.error.message));
      else resolve(message.result);
    } else if (message.method === "Page.loadEventFired") {
      this.loaded();
    } else if (message.method === "Runtime.consoleAPICalled") {
      this.console.push(message.params.args.map((argument) => argument.value ?? argument.description).join(" "));
    } else if (message.method === "Log.entryAdded") {
      this.log.push(`${message.params.entry.text} ${message.params.entry.url ?? ""}`);
    } else if (message.method === "Runtime.exceptionThrown") {
      this.console.push(message.params.exceptionDetails.exception?.description ?? message.params.exceptionDetails.text);
    }
  }

  call(method, params = {}) {
    const id = ++this.#ids;
    const answer = new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
    this.#socket.send(JSON.stringify({ id, method, params }));
    return within(60000, answer, method);
  }

  /** The value of an expression, or of the promise it gives. */
  async evaluate(expression) {
    const { result, exceptionDetails } =
      await this.call("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  }

  /** Resolves once the page's text holds `text`. */
  waitForText(text) {
    const wanted = JSON.stringify(text);
    return this.evaluate(`new Promise((resolve) => {
      const look = () => {
        if (!document.body.innerText.includes(${wanted})) return;
        watcher.disconnect();
        resolve(document.body.innerText);
      };
      const watcher = new MutationObserver(look);
      watcher.observe(document.documentElement, {
        subtree: true, childList: true, characterData: true, attributes: true });
      look();
    })`).catch(async (error) => {
      const shown = await this.evaluate("document.body.innerText");
      throw new Error(`${error.message}; wanted ${wanted} in:\n${shown}\nconsole:\n${this.console.join("\n")}`);
    });
  }

  /** Resolves once an expression is true, over as many loads of the page as it takes. */
  waitFor(expression) {
    let waiting = true;
    const look = async () => {
      while (waiting && !(await this.evaluate(`Boolean(${expression})`).catch(() => false)));
    };
    return within(30000, look(), expression).finally(() => (waiting = false));
  }

  async close() {
    const ended = new Promise((resolve) => this.#process.once("exit", resolve));
    await this.call("Browser.close").catch(() => {});
    await within(10000, ended, "chromium's end").catch(() => this.#process.kill("SIGKILL"));
    await rm(this.#profile, { recursive: true, force: true, maxRetries: 5 });
  }
}
