// node json_oracle.mjs <program> [seed]: compares the program (json_round_trip.cpp) with JSON.parse and
// JSON.stringify. Canonical texts must come back to the letter. Of the others the same must be accepted, and
// what is written must mean the same: spellings such as 1.0 are kept where JavaScript forgets them (which would hide
// a number written wrongly, so numbers are also compared as bare doubles).
import { execFileSync } from "node:child_process";

const [program, seedText] = process.argv.slice(2);
const seed = Number(seedText ?? Date.now() % 2 ** 31);
let state = seed;
const random = () => {
  // mulberry32
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
};
const below = (n) => Math.floor(random() * n);
const pick = (list) => list[below(list.length)];

const real = new Float64Array(1);
const words = new Uint32Array(real.buffer);
const anyDouble = () => {
  words[0] = random() * 2 ** 32;
  words[1] = random() * 2 ** 32;
  return Number.isFinite(real[0]) ? real[0] : 0;
};
const number = () =>
  pick([
    anyDouble,
    () => (random() - 0.5) * 10 ** (below(50) - 25),
    () => Math.floor(random() * 10 ** below(25)),
    () => Number((random() * 1000).toFixed(below(6))),
    () => pick([0, 1, -1, 1e21, 1e-7, 2 ** 53, -(2 ** 63), 2 ** 64, 5e-324, Number.MAX_VALUE]),
  ])();
const unit = () => pick([() => below(128), () => below(0x800), () => 0xd800 + below(0x800), () => below(0x10000)])();
const text = () => Array.from({ length: below(24) }, () => String.fromCharCode(unit())).join("");
// A letter first: JavaScript moves names that look like indices to the front.
const name = () => "k" + (random() < 0.5 ? below(5) : text());
const value = (depth) => {
  const kind = below(depth > 0 ? 7 : 5);
  if (kind < 2) return number();
  if (kind < 4) return text();
  if (kind === 4) return pick([true, false, null]);
  const list = Array.from({ length: below(kind === 5 ? 6 : 24) }, () => value(depth - 1));
  return kind === 5 ? list : Object.fromEntries(list.map((item) => [name(), item]));
};

const fragments = [
  "{", "}", "[", "]", ",", ":", '"a"', '"b"', "1", "-", "0", ".5", "e3", "E+2", "true", "nul", "null", '"\\u', "00e9",
  '"\\ud83d\\uDE00"', '"\\ud83dx"', '"\\/\\b"', " ", "\t", '"\\x"', "01", "-0", '"', "\\", "1.0", "é", '"é😀"', "1e400",
  "12345678901234567890", '{"a":1,"a":', '"\u007f\u2028"', "[1,", '{"b":', "]", "}",
];
const broken = () => Array.from({ length: 1 + below(7) }, () => pick(fragments)).join("");

const canonical = Array.from({ length: 40000 }, () => JSON.stringify(value(3)));
const numbers = Array.from({ length: 40000 }, () => JSON.stringify(number()));
const others = Array.from({ length: 60000 }, broken);

const run = (lines, ...mode) =>
  execFileSync(program, mode, { input: lines.join("\n") + "\n", maxBuffer: 2 ** 30 }).toString().split("\0");
const javascript = (line) => {
  try {
    return JSON.stringify(JSON.parse(line));
  } catch {
    return "refused";
  }
};

let faults = 0;
const compare = (what, line, expected, actual) => {
  if (expected === actual) return;
  if (++faults <= 10) console.error(`${what}: ${JSON.stringify(line)}\n  expected ${expected}\n  actual   ${actual}`);
};
const compact = run(canonical);
const pretty = run(canonical, "pretty");
canonical.forEach((line, i) => {
  compare("compact", line, line, compact[i]);
  compare("pretty", line, JSON.stringify(JSON.parse(line), null, 2), pretty[i]);
});
const doubles = run(numbers, "doubles");
numbers.forEach((line, i) => compare("double", line, line, doubles[i]));
const read = run(others);
others.forEach((line, i) => compare("meaning", line, javascript(line), javascript(read[i])));

const accepted = read.filter((answer) => answer !== "refused").length;
console.log(`seed ${seed}: ${canonical.length} values, ${numbers.length} numbers, ${others.length} other texts (${accepted} of them JSON), ${faults} faults`);
if (accepted < 1000) throw new Error("the corpus has too few texts that are JSON");
process.exit(faults === 0 ? 0 : 1);
