/** When to hand in a new token: ahead of expiry by a tenth of what is left, at least 5 s and at most 60 s. */
export function refreshDelayMs(expiresAt: string, now: number): number {
  const left = Date.parse(expiresAt) - now;
  if (Number.isNaN(left)) return Number.POSITIVE_INFINITY;
  const ahead = Math.min(60_000, Math.max(5_000, left / 10));
  return Math.max(0, left - ahead);
}
