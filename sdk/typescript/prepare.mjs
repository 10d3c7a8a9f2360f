// What npm runs before the package is packed, or installed from a checkout: builds dist/. npm installs no development
// dependencies of a folder that another project depends on, so the compiler is fetched here, as locked, when it is missing.
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const cwd = fileURLToPath(new URL(".", import.meta.url));
const compiler = cwd + "node_modules/typescript/bin/tsc";
const run = (command, ...args) => execFileSync(command, args, { cwd, stdio: ["ignore", 2, 2] });

if (!existsSync(compiler)) run("npm", "ci", "--ignore-scripts");
run(process.execPath, compiler, "-p", "tsconfig.json");
