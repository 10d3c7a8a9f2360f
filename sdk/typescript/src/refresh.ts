/**
 * How long to wait before handing in a new token: until a quarter of what is left, at most a minute and a half, is left;
 * a second at least, so that a token that stays the same is not handed in in a rush. Undefined when there is no need.
 * `now` is the server's clock, so that a wrong one here does not matter.
 */
export function refreshDelayMs(expiresAt: string | null | undefined, now: number): number | undefined {
  const left = Date.parse(expiresAt ?? "") - now;
  if (Number.isNaN(left)) return undefined;
  const delay = Math.max(1000, left - Math.min(90_000, left / 4));
  // setTimeout holds 31 bits of milliseconds; the server warns in time of a token that lasts longer.
  return delay < 2 ** 31 ? delay : undefined;
}

/** How long to wait before the next try: 0, 1, 2, 4, … s, at most 30 s, and up to half of it off by chance. */
export function retryDelayMs(failures: number, random: () => number = Math.random): number {
  if (failures === 0) return 0;
  return Math.min(30_000, 1000 * 2 ** (failures - 1)) * (1 - random() / 2);
}
