// The fenced blocks of pages, and the one rule for them: a test runs it, or the page says why none does. Pure.

/** A page's blocks: where each begins, its language, its name, and the mark above it, if any: {kind: "run by" | "not run", text}. */
export function fencesOf(page) {
  const fences = [];
  const lines = page.split("\n");
  let open = null, above = "";
  lines.forEach((line, at) => {
    const fence = /^ *(`{3,}|~{3,})(\S*) ?(.*)$/.exec(line);
    if (open) {
      if (fence && fence[1].startsWith(open) && !fence[2]) open = null;
    } else if (fence) {
      open = fence[1];
      const mark = /^<!-- (run by|not run): (.*\S) *-->$/.exec(above);
      fences.push({ line: at + 1, language: fence[2], name: fence[3], mark: mark && { kind: mark[1], text: mark[2].trim() } });
    }
    if (line.trim()) above = line.trim();
  });
  return fences;
}

/** Whether a test speaks of a page: by its path, or, inside a package, by its name. */
const speaksOf = (page, test) => test.text.includes(page) || (page.endsWith("README.md") && test.path.startsWith(page.replace(/README\.md$/, "")) &&
  test.text.includes("README.md"));

/** The tests that run a block, the page's reason why none does, or a fault. `tests` are {path, text}. */
export function verdict(page, fence, tests) {
  if (fence.mark?.kind === "not run") return { reason: fence.mark.text };
  if (fence.mark) {
    const by = tests.filter((test) => test.path === fence.mark.text && speaksOf(page, test));
    return by.length > 0 ? { by: by.map(({ path }) => path) } : { fault: `${fence.mark.text} does not speak of ${page}` };
  }
  if (!fence.name) return { fault: "has no name, and no mark <!-- run by: TEST --> or <!-- not run: REASON --> above it" };
  const quoted = new RegExp(`["'\`]${fence.name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}["'\`]`);
  const by = tests.filter((test) => speaksOf(page, test) && quoted.test(test.text)).map(({ path }) => path);
  return by.length > 0 ? { by } : { fault: `no test that speaks of the page names ${fence.name}` };
}
