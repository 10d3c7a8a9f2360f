// Numbers and times as people read them.

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });

export const count = (number: number): string => whole.format(number);

/** "1 room", "2 rooms". */
export const counted = (number: number, what: string): string => `${count(number)} ${what}${number === 1 ? "" : "s"}`;

export function rate(number: number): string {
  return number >= 100 ? whole.format(number) : short.format(number);
}

export function bytes(number: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let at = 0;
  while (number >= 1024 && at + 1 < units.length) {
    number /= 1024;
    ++at;
  }
  return `${at === 0 ? whole.format(number) : short.format(number)} ${units[at]}`;
}

export function millis(number: number): string {
  if (number >= 1000) return `${short.format(number / 1000)} s`;
  return number < 10 ? `${number.toFixed(2)} ms` : `${whole.format(number)} ms`;
}

/** "2 d 3 h", of a length of time. */
export function span(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const parts: [number, string][] = [
    [Math.floor(seconds / 86400), "d"], [Math.floor(seconds / 3600) % 24, "h"], [Math.floor(seconds / 60) % 60, "min"], [seconds % 60, "s"]];
  const first = parts.findIndex(([amount]) => amount > 0);
  if (first < 0) return "0 s";
  return parts.slice(first, first + 2).filter(([amount]) => amount > 0).map(([amount, unit]) => `${amount} ${unit}`).join(" ");
}

const clockForm = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3 });
const dateForm = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" });

export function clock(time: string | number): string {
  const at = new Date(time);
  return Number.isNaN(at.getTime()) ? String(time) : clockForm.format(at);
}
export function date(time: string | number): string {
  const at = new Date(time);
  return Number.isNaN(at.getTime()) ? String(time) : dateForm.format(at);
}
export function ago(time: string | number): string {
  return `${span(Date.now() - new Date(time).getTime())} ago`;
}
