// Generated from the server's description of its API: do not edit. See xtask/src/api_types.rs.

export interface AppHealthStatus {
  lastTransitionTime?: string;
  message?: string;
  status?: string;
}

export interface Application {
  metadata: ObjectMeta;
  operation?: Operation;
  spec: ApplicationSpec;
  status: ApplicationStatus;
}

export interface ApplicationCondition {
  lastTransitionTime?: string;
  message: string;
  type: string;
}

export interface ApplicationDestination {
  name?: string;
  namespace?: string;
  server?: string;
}

export interface ApplicationList {
  items?: Application[] | null;
  metadata: ListMeta;
}

export interface ApplicationResourceResponse {
  manifest: string;
}

export interface ApplicationRollbackRequest {
  appNamespace?: string;
  dryRun?: boolean;
  id: number;
  name: string;
  project?: string;
  prune?: boolean;
}

export interface ApplicationSource {
  chart?: string;
  directory?: ApplicationSourceDirectory;
  helm?: ApplicationSourceHelm;
  kustomize?: ApplicationSourceKustomize;
  name?: string;
  path?: string;
  plugin?: ApplicationSourcePlugin;
  ref?: string;
  repoURL: string;
  tagPrefix?: string;
  targetRevision?: string;
}

export interface ApplicationSourceDirectory {
  disableExtensionFilter?: boolean;
  exclude?: string;
  include?: string;
  jsonnet?: ApplicationSourceJsonnet;
  recurse?: boolean;
}

export interface ApplicationSourceHelm {
  apiVersions?: string[] | null;
  fileParameters?: HelmFileParameter[] | null;
  ignoreMissingValueFiles?: boolean;
  kubeVersion?: string;
  namespace?: string;
  parameters?: HelmParameter[] | null;
  passCredentials?: boolean;
  releaseName?: string;
  skipCrds?: boolean;
  skipSchemaValidation?: boolean;
  skipTests?: boolean;
  valueFiles?: string[] | null;
  values?: string;
  valuesObject?: unknown;
  version?: string;
}

export interface ApplicationSourceJsonnet {
  extVars?: JsonnetVar[] | null;
  libs?: string[] | null;
  tlas?: JsonnetVar[] | null;
}

export interface ApplicationSourceKustomize {
  apiVersions?: string[] | null;
  commonAnnotations?: Record<string, string> | null;
  commonAnnotationsEnvsubst?: boolean;
  commonLabels?: Record<string, string> | null;
  components?: string[] | null;
  forceCommonAnnotations?: boolean;
  forceCommonLabels?: boolean;
  ignoreMissingComponents?: boolean;
  images?: string[] | null;
  kubeVersion?: string;
  labelIncludeTemplates?: boolean;
  labelWithoutSelector?: boolean;
  namePrefix?: string;
  nameSuffix?: string;
  namespace?: string;
  patches?: KustomizePatch[] | null;
  replicas?: KustomizeReplica[] | null;
  version?: string;
}

export interface ApplicationSourcePlugin {
  env?: EnvEntry[] | null;
  name?: string;
  parameters?: ApplicationSourcePluginParameter[] | null;
}

export interface ApplicationSourcePluginParameter {
  array?: string[] | null;
  map?: Record<string, string> | null;
  name: string;
  string?: string;
}

export interface ApplicationSpec {
  destination: ApplicationDestination;
  ignoreDifferences?: ResourceIgnoreDifferences[] | null;
  info?: Info[] | null;
  project: string;
  revisionHistoryLimit?: number;
  source?: ApplicationSource;
  sourceHydrator?: SourceHydrator;
  sources?: ApplicationSource[] | null;
  syncPolicy?: SyncPolicy;
}

export interface ApplicationStatus {
  conditions?: ApplicationCondition[] | null;
  controllerNamespace?: string;
  health: AppHealthStatus;
  history?: RevisionHistory[] | null;
  observedAt?: string;
  operationState?: OperationState;
  reconciledAt?: string;
  resourceHealthSource?: string;
  resources?: ResourceStatus[] | null;
  sourceHydrator: SourceHydratorStatus;
  sourceType?: string;
  sourceTypes?: string[] | null;
  summary: ApplicationSummary;
  sync: SyncStatus;
}

export interface ApplicationSummary {
  externalURLs?: string[] | null;
  images?: string[] | null;
  isAppOfApps?: boolean;
}

export interface ApplicationSyncRequest {
  appNamespace?: string;
  dryRun?: boolean;
  infos?: Info[] | null;
  manifests?: string[] | null;
  name: string;
  project?: string;
  prune?: boolean;
  resources?: SyncOperationResource[] | null;
  retryStrategy?: RetryStrategy;
  revision?: string;
  revisions?: string[] | null;
  sourcePositions?: number[] | null;
  strategy?: SyncStrategy;
  syncOptions?: SyncOptions;
}

export interface ApplicationTree {
  hosts?: HostInfo[] | null;
  nodes?: ResourceNode[] | null;
  orphanedNodes?: ResourceNode[] | null;
  shardsCount?: number;
}

export interface ApplicationWatchEvent {
  application: Application;
  type: string;
}

export interface Backoff {
  duration?: string;
  factor?: number;
  maxDuration?: string;
}

export interface ComparedTo {
  destination: ApplicationDestination;
  ignoreDifferences?: ResourceIgnoreDifferences[] | null;
  source: ApplicationSource;
  sources?: ApplicationSource[] | null;
}

export interface DrySource {
  directory?: ApplicationSourceDirectory;
  helm?: ApplicationSourceHelm;
  kustomize?: ApplicationSourceKustomize;
  path: string;
  plugin?: ApplicationSourcePlugin;
  repoURL: string;
  targetRevision: string;
}

export interface EnvEntry {
  name: string;
  value: string;
}

export interface GetUserInfoResponse {
  groups?: string[] | null;
  iss?: string;
  loggedIn?: boolean;
  username?: string;
}

export interface HealthStatus {
  lastTransitionTime?: string;
  message?: string;
  status?: string;
}

export interface HelmFileParameter {
  name?: string;
  path?: string;
}

export interface HelmParameter {
  forceString?: boolean;
  name?: string;
  value?: string;
}

export interface HostInfo {
  labels?: Record<string, string> | null;
  name?: string;
  resourcesInfo?: HostResourceInfo[] | null;
  systemInfo: NodeSystemInfo;
}

export interface HostResourceInfo {
  capacity?: number;
  requestedByApp?: number;
  requestedByNeighbors?: number;
  resourceName?: string;
}

export interface HydrateOperation {
  drySHA?: string;
  finishedAt?: string;
  hydratedSHA?: string;
  message: string;
  phase: string;
  sourceHydrator: SourceHydrator;
  startedAt: string;
}

export interface HydrateTo {
  targetBranch: string;
}

export interface Info {
  name: string;
  value: string;
}

export interface InfoItem {
  name?: string;
  value?: string;
}

export interface JsonnetVar {
  code?: boolean;
  name: string;
  value: string;
}

export interface KustomizePatch {
  options?: Record<string, boolean> | null;
  patch?: string;
  path?: string;
  target?: KustomizeSelector;
}

export interface KustomizeReplica {
  count: number | string;
  name: string;
}

export interface KustomizeSelector {
  annotationSelector?: string;
  group?: string;
  kind?: string;
  labelSelector?: string;
  name?: string;
  namespace?: string;
  version?: string;
}

export interface ListMeta {
  continue?: string;
  remainingItemCount?: number;
  resourceVersion?: string;
  selfLink?: string;
  shardInfo?: ShardInfo;
}

export interface LoadBalancerIngress {
  hostname?: string;
  ip?: string;
  ipMode?: string;
  ports?: PortStatus[] | null;
}

export interface ManagedFieldsEntry {
  apiVersion?: string;
  fieldsType?: string;
  fieldsV1?: unknown;
  manager?: string;
  operation?: string;
  subresource?: string;
  time?: string;
}

export interface ManagedNamespaceMetadata {
  annotations?: Record<string, string> | null;
  labels?: Record<string, string> | null;
}

export interface ManagedResourcesResponse {
  items?: ResourceDiff[] | null;
}

export interface NodeSwapStatus {
  capacity?: number;
}

export interface NodeSystemInfo {
  architecture: string;
  bootID: string;
  containerRuntimeVersion: string;
  kernelVersion: string;
  kubeProxyVersion: string;
  kubeletVersion: string;
  machineID: string;
  operatingSystem: string;
  osImage: string;
  swap?: NodeSwapStatus;
  systemUUID: string;
}

export interface ObjectMeta {
  annotations?: Record<string, string> | null;
  creationTimestamp?: string;
  deletionGracePeriodSeconds?: number;
  deletionTimestamp?: string;
  finalizers?: string[] | null;
  generateName?: string;
  generation?: number;
  labels?: Record<string, string> | null;
  managedFields?: ManagedFieldsEntry[] | null;
  name?: string;
  namespace?: string;
  ownerReferences?: OwnerReference[] | null;
  resourceVersion?: string;
  selfLink?: string;
  uid?: string;
}

export interface Operation {
  info?: Info[] | null;
  initiatedBy: OperationInitiator;
  retry: RetryStrategy;
  sync?: SyncOperation;
}

export interface OperationInitiator {
  automated?: boolean;
  username?: string;
}

export interface OperationState {
  finishedAt?: string;
  message?: string;
  operation: Operation;
  phase: string;
  retryCount?: number;
  startedAt: string;
  syncResult?: SyncOperationResult;
}

export interface OwnerReference {
  apiVersion: string;
  blockOwnerDeletion?: boolean;
  controller?: boolean;
  kind: string;
  name: string;
  uid: string;
}

export interface PortStatus {
  error?: string;
  port: number;
  protocol: string;
}

export interface ResourceDiff {
  diff?: string;
  group?: string;
  hook?: boolean;
  kind?: string;
  liveState?: string;
  modified?: boolean;
  name?: string;
  namespace?: string;
  normalizedLiveState?: string;
  predictedLiveState?: string;
  resourceVersion?: string;
  targetState?: string;
}

export interface ResourceIgnoreDifferences {
  group?: string;
  jqPathExpressions?: string[] | null;
  jsonPointers?: string[] | null;
  kind: string;
  managedFieldsManagers?: string[] | null;
  name?: string;
  namespace?: string;
}

export interface ResourceNetworkingInfo {
  externalURLs?: string[] | null;
  ingress?: LoadBalancerIngress[] | null;
  labels?: Record<string, string> | null;
  targetLabels?: Record<string, string> | null;
  targetRefs?: ResourceRef[] | null;
}

export interface ResourceNode {
  createdAt?: string;
  group?: string;
  health?: HealthStatus;
  images?: string[] | null;
  info?: InfoItem[] | null;
  kind?: string;
  name?: string;
  namespace?: string;
  networkingInfo?: ResourceNetworkingInfo;
  parentRefs?: ResourceRef[] | null;
  resourceVersion?: string;
  uid?: string;
  version?: string;
}

export interface ResourceRef {
  group?: string;
  kind?: string;
  name?: string;
  namespace?: string;
  uid?: string;
  version?: string;
}

export interface ResourceResult {
  group: string;
  hookPhase?: string;
  hookType?: string;
  images?: string[] | null;
  kind: string;
  message?: string;
  name: string;
  namespace: string;
  status?: string;
  syncPhase?: string;
  version: string;
}

export interface ResourceStatus {
  group?: string;
  health?: HealthStatus;
  hook?: boolean;
  kind?: string;
  name?: string;
  namespace?: string;
  requiresDeletionConfirmation?: boolean;
  requiresPruning?: boolean;
  status?: string;
  syncWave?: number;
  version?: string;
}

export interface RetryStrategy {
  backoff?: Backoff;
  limit?: number;
  refresh?: boolean;
}

export interface RevisionHistory {
  deployStartedAt?: string;
  deployedAt: string;
  id: number;
  initiatedBy: OperationInitiator;
  revision?: string;
  revisions?: string[] | null;
  source: ApplicationSource;
  sources?: ApplicationSource[] | null;
}

export interface SessionCreateRequest {
  password?: string;
  token?: string;
  username?: string;
}

export interface SessionResponse {
  token?: string;
}

export interface ShardInfo {
  selector: string;
}

export interface SourceHydrator {
  drySource: DrySource;
  hydrateTo?: HydrateTo;
  syncSource: SyncSource;
}

export interface SourceHydratorStatus {
  currentOperation?: HydrateOperation;
  lastComparedDryRevision?: string;
  lastSuccessfulOperation?: SuccessfulHydrateOperation;
}

export interface SuccessfulHydrateOperation {
  drySHA?: string;
  hydratedSHA?: string;
  sourceHydrator: SourceHydrator;
}

export interface SyncOperation {
  autoHealAttemptsCount?: number;
  dryRun?: boolean;
  manifests?: string[] | null;
  prune?: boolean;
  resources?: SyncOperationResource[] | null;
  revision?: string;
  revisions?: string[] | null;
  source?: ApplicationSource;
  sources?: ApplicationSource[] | null;
  syncOptions?: string[] | null;
  syncStrategy?: SyncStrategy;
}

export interface SyncOperationResource {
  group?: string;
  kind: string;
  name: string;
  namespace?: string;
}

export interface SyncOperationResult {
  managedNamespaceMetadata?: ManagedNamespaceMetadata;
  resources?: ResourceResult[] | null;
  revision: string;
  revisions?: string[] | null;
  source: ApplicationSource;
  sources?: ApplicationSource[] | null;
}

export interface SyncOptions {
  items?: string[] | null;
}

export interface SyncPolicy {
  automated?: SyncPolicyAutomated;
  managedNamespaceMetadata?: ManagedNamespaceMetadata;
  retry?: RetryStrategy;
  syncOptions?: string[] | null;
}

export interface SyncPolicyAutomated {
  allowEmpty?: boolean;
  enabled?: boolean;
  prune?: boolean;
  selfHeal?: boolean;
}

export interface SyncSource {
  path: string;
  repoURL?: string;
  targetBranch: string;
}

export interface SyncStatus {
  comparedTo: ComparedTo;
  revision?: string;
  revisions?: string[] | null;
  status: string;
}

export interface SyncStrategy {
  apply?: SyncStrategyApply;
  hook?: SyncStrategyHook;
}

export interface SyncStrategyApply {
  force?: boolean;
}

export interface SyncStrategyHook {
  force?: boolean;
}

export interface VersionMessage {
  BuildDate?: string;
  Compiler?: string;
  ExtraBuildInfo?: string;
  GitCommit?: string;
  GitTag?: string;
  GitTreeState?: string;
  GoVersion?: string;
  HelmVersion?: string;
  JsonnetVersion?: string;
  KubectlVersion?: string;
  KustomizeVersion?: string;
  Platform?: string;
  Version?: string;
}
