// Which managed objects differ from Git, and how.
import type { ManagedResource } from "./types";

/** The objects that differ, first those that are in both places. */
export function differing(resources: ManagedResource[]): ManagedResource[] {
  return resources.filter((resource) => !resource.hook && stateOf(resource) !== "same");
}

export type DiffState = "same" | "changed" | "missing" | "extra";

export function stateOf(resource: ManagedResource): DiffState {
  const empty = (text: string | undefined) => !text || text === "null";
  if (empty(resource.liveState)) return "missing";
  if (empty(resource.targetState)) return "extra";
  return resource.normalizedLiveState === resource.predictedLiveState ? "same" : "changed";
}
