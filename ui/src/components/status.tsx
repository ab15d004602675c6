// Sync and health, always shown with the same words, colors and signs.
import type { HealthCode, SyncCode } from "../api/types";

const SYNC_SIGNS: Record<SyncCode, string> = { Synced: "✓", OutOfSync: "↑", Unknown: "?" };
const HEALTH_SIGNS: Record<HealthCode, string> = {
  Healthy: "♥",
  Progressing: "◔",
  Degraded: "✕",
  Suspended: "‖",
  Missing: "○",
  Unknown: "?",
};

export function SyncBadge(props: { status?: SyncCode }) {
  const status = () => props.status ?? "Unknown";
  return (
    <span class={`badge sync-${status()}`}>
      <span aria-hidden="true">{SYNC_SIGNS[status()] ?? "?"}</span> {status()}
    </span>
  );
}

export function HealthBadge(props: { status?: HealthCode; message?: string }) {
  const status = () => props.status ?? "Unknown";
  return (
    <span class={`badge health-${status()}`} title={props.message}>
      <span aria-hidden="true">{HEALTH_SIGNS[status()] ?? "?"}</span> {status()}
    </span>
  );
}
