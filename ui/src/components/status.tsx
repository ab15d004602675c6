// Sync and health, always shown with the same words, colors and signs.

const SYNC_SIGNS: Record<string, string> = { Synced: "✓", OutOfSync: "↑", Unknown: "?" };
const HEALTH_SIGNS: Record<string, string> = {
  Healthy: "♥",
  Progressing: "◔",
  Degraded: "✕",
  Suspended: "‖",
  Missing: "○",
  Unknown: "?",
};

export function SyncBadge(props: { status?: string }) {
  const status = () => props.status ?? "Unknown";
  return (
    <span class={`badge sync-${status()}`}>
      <span aria-hidden="true">{SYNC_SIGNS[status()] ?? "?"}</span> {status()}
    </span>
  );
}

export function HealthBadge(props: { status?: string; message?: string }) {
  const status = () => props.status ?? "Unknown";
  return (
    <span class={`badge health-${status()}`} title={props.message}>
      <span aria-hidden="true">{HEALTH_SIGNS[status()] ?? "?"}</span> {status()}
    </span>
  );
}
