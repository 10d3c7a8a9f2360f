// The dashboard in Chromium, used by what a person sees: names of fields and buttons, and the text of the page.
import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { Browser } from "./browser.mjs";
import { jwt } from "./server.mjs";

const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** A token that signs in and sees all. */
export const admin = (claims = {}) => jwt({ sub: "olga", projects: ["*"], agents: ["*"], scope: "admin events:publish", ...claims });

// What is not drawn is not there. Names as in the accessible name computation, as far as this page needs it.
const eyes = `(() => {
  const drawn = (item) => item.checkVisibility();
  const name = (item) => (item.getAttribute("aria-label") ?? item.labels?.[0]?.innerText ?? item.innerText ?? "").trim();
  const find = (selector, wanted) => {
    const all = [...document.querySelectorAll(selector)].filter((item) => drawn(item) && !item.closest("[inert]"));
    return all.find((item) => name(item) === wanted) ?? all.find((item) => name(item).startsWith(wanted));
  };
  window.eyes = {
    control: (wanted) => find("button, a, summary, label", wanted),
    field: (wanted) => find("input, select, textarea", wanted),
    fill(wanted, text) {
      const field = this.field(wanted);
      const kind = field.tagName === "SELECT" ? HTMLSelectElement : field.tagName === "TEXTAREA" ? HTMLTextAreaElement : HTMLInputElement;
      Object.getOwnPropertyDescriptor(kind.prototype, "value").set.call(field, text);
      field.dispatchEvent(new Event("input", { bubbles: true }));
      field.dispatchEvent(new Event("change", { bubbles: true }));
    },
  };
})()`;

export class DashboardPage {
  browser;

  static async open(url, { width = 1280, height = 850, dark = false } = {}) {
    const page = new DashboardPage();
    page.browser = await Browser.open("about:blank");
    await page.browser.call("Page.addScriptToEvaluateOnNewDocument", { source: eyes });
    await page.browser.call("Performance.enable", { timeDomain: "threadTicks" });
    await page.resize(width, height);
    await page.paint(dark);
    await page.browser.call("Page.navigate", { url });
    await page.browser.waitFor("window.eyes && document.querySelector('main')");
    return page;
  }

  resize(width, height) {
    return this.browser.call("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 1, mobile: width < 500 });
  }
  paint(dark) {
    return this.browser.call("Emulation.setEmulatedMedia",
      { features: [{ name: "prefers-color-scheme", value: dark ? "dark" : "light" }, { name: "prefers-reduced-motion", value: "reduce" }] });
  }

  evaluate(expression) { return this.browser.evaluate(expression); }
  waitFor(expression) {
    return this.browser.waitFor(expression).catch(async (failure) => {
      throw new Error(`${failure.message}, in:\n${await this.text()}\n${this.browser.console.join("\n")}`);
    });
  }
  text() { return this.browser.evaluate("document.body.innerText"); }
  sees(text) { return this.waitFor(`document.body.innerText.includes(${JSON.stringify(text)})`); }

  async press(name) {
    const wanted = JSON.stringify(name);
    await this.waitFor(`eyes.control(${wanted}) && !eyes.control(${wanted}).disabled`);
    await this.evaluate(`eyes.control(${wanted}).click()`);
  }
  async fill(name, text) {
    await this.waitFor(`eyes.field(${JSON.stringify(name)})`);
    await this.evaluate(`eyes.fill(${JSON.stringify(name)}, ${JSON.stringify(text)})`);
  }
  /** Keys as they are typed: "Tab", "Enter", "Escape". */
  async key(name) {
    const codes = { Tab: 9, Enter: 13, Escape: 27 };
    const rest = { key: name, code: name, windowsVirtualKeyCode: codes[name], ...(name === "Enter" ? { text: "\r" } : {}) };
    await this.browser.call("Input.dispatchKeyEvent", { type: "keyDown", ...rest });
    await this.browser.call("Input.dispatchKeyEvent", { type: "keyUp", ...rest });
  }
  async go(place) {
    await this.evaluate(`location.hash = ${JSON.stringify(place)}`);
  }
  async signIn(token) {
    await this.fill("Token with the scope", token);
    await this.press("Sign in");
  }

  /** Milliseconds of its thread's own time that the page has been at work; what other programs take does not count. */
  async busy() {
    const { metrics } = await this.browser.call("Performance.getMetrics");
    return metrics.find(({ name }) => name === "TaskDuration").value * 1000;
  }

  /** Fails on any finding of axe-core in what is shown now. */
  async isAccessible(what) {
    const found = await this.evaluate(`(async () => {
      if (!window.axe) { ${axe} }
      const { violations } = await axe.run(document, { resultTypes: ["violations"] });
      return violations.map(({ id, nodes }) => id + ": " + nodes.slice(0, 3).map((node) => node.html.slice(0, 160) + " " + node.failureSummary).join(" | "));
    })()`);
    assert.deepEqual(found, [], what);
  }
  /** Nothing of the page lies beside the window. */
  async fitsItsWidth(what) {
    const beside = await this.evaluate(`(() => {
      const width = document.documentElement.clientWidth;
      if (document.documentElement.scrollWidth <= width) return [];
      return [...document.querySelectorAll("body *")].filter((item) => item.checkVisibility() && item.getBoundingClientRect().right > width + 1)
        .slice(0, 5).map((item) => item.outerHTML.slice(0, 120));
    })()`);
    assert.deepEqual(beside, [], what);
  }

  /** Writes what is seen into FANFARE_SCREENSHOTS, when that names a folder. */
  async picture(name) {
    const folder = process.env.FANFARE_SCREENSHOTS;
    if (!folder) return;
    const path = `${folder}/${name}.png`;
    await mkdir(dirname(path), { recursive: true });
    const { data } = await this.browser.call("Page.captureScreenshot", { format: "png", optimizeForSpeed: false });
    await writeFile(path, Buffer.from(data, "base64"));
  }

  close() { return this.browser.close(); }
}
