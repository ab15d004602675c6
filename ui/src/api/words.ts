// Revisions, times and places as people say them.

/** A commit as people say it. */
export function shortRevision(revision: string | undefined): string {
  return revision && /^[0-9a-f]{40,64}$/.test(revision) ? revision.slice(0, 7) : (revision ?? "");
}

/** How long ago a time was, in the largest unit that fits. */
export function ago(time: string | undefined, now: number): string {
  if (!time) return "";
  const seconds = Math.max(0, Math.round((now - Date.parse(time)) / 1000));
  if (Number.isNaN(seconds)) return "";
  if (seconds < 60) return `${seconds}s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}h ago`;
  return `${Math.floor(seconds / 86_400)}d ago`;
}

/** A path of this page, or nothing for an address that leads elsewhere. */
export function pathWithin(address: string | undefined): string | undefined {
  return address && /^\/(?![/\\])/.test(address) && !address.startsWith("/login") ? address : undefined;
}

/** How long something took, or has taken until now. */
export function took(from: string | undefined, until: string | undefined, now: number): string {
  const seconds = Math.max(0, Math.round(((until ? Date.parse(until) : now) - Date.parse(from ?? "")) / 1000));
  if (Number.isNaN(seconds)) return "";
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m ${seconds % 60}s`;
}
