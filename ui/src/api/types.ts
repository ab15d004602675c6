// The shapes that the page reads from the API: the parts it uses, with everything optional that a server may leave out.

export type SyncCode = "Synced" | "OutOfSync" | "Unknown";
export type HealthCode = "Healthy" | "Progressing" | "Degraded" | "Suspended" | "Missing" | "Unknown";

export interface Source {
  repoURL: string;
  path?: string;
  chart?: string;
  targetRevision?: string;
}

export interface Condition {
  type: string;
  message: string;
  lastTransitionTime?: string;
}

export interface ResourceStatus {
  group?: string;
  version?: string;
  kind: string;
  namespace?: string;
  name: string;
  status?: SyncCode;
  hook?: boolean;
  requiresPruning?: boolean;
}

export interface OperationState {
  phase: string;
  message?: string;
  startedAt?: string;
  finishedAt?: string;
  syncResult?: { revision?: string; resources?: ResourceResult[] };
}

export interface ResourceResult {
  group?: string;
  kind: string;
  namespace?: string;
  name: string;
  status?: string;
  message?: string;
  hookPhase?: string;
  hookType?: string;
  syncPhase?: string;
}

export interface History {
  id: number;
  revision?: string;
  revisions?: string[];
  deployedAt?: string;
  initiatedBy?: { username?: string; automated?: boolean };
}

export interface Application {
  metadata: { name: string; namespace: string; creationTimestamp?: string; deletionTimestamp?: string; labels?: Record<string, string> };
  spec: {
    project: string;
    source?: Source;
    sources?: Source[];
    destination: { server?: string; name?: string; namespace?: string };
    syncPolicy?: { automated?: { prune?: boolean; selfHeal?: boolean; enabled?: boolean } };
  };
  status?: {
    sync?: { status?: SyncCode; revision?: string; revisions?: string[] };
    health?: { status?: HealthCode; message?: string };
    conditions?: Condition[] | null;
    resources?: ResourceStatus[] | null;
    operationState?: OperationState;
    history?: History[] | null;
    reconciledAt?: string;
    summary?: { images?: string[]; externalURLs?: string[] };
  };
  operation?: unknown;
}

export interface ResourceRef {
  group?: string;
  version?: string;
  kind: string;
  namespace?: string;
  name: string;
  uid?: string;
}

export interface ResourceNode extends ResourceRef {
  parentRefs?: ResourceRef[] | null;
  info?: { name: string; value: string }[] | null;
  images?: string[] | null;
  health?: { status?: HealthCode; message?: string };
  createdAt?: string;
}

export interface ApplicationTree {
  nodes?: ResourceNode[] | null;
}

export interface ManagedResource {
  group?: string;
  kind: string;
  namespace?: string;
  name: string;
  targetState?: string;
  liveState?: string;
  normalizedLiveState?: string;
  predictedLiveState?: string;
  modified?: boolean;
  hook?: boolean;
}

export interface WatchEvent<T> {
  type: "ADDED" | "MODIFIED" | "DELETED";
  application: T;
}
