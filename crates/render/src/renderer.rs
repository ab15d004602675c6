//! The asynchronous shell around the engine: resolves and opens sources, looks into the cache, fetches what renders ask
//! for, and puts the results of several sources together.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use futures::future::{join_all, try_join_all};
use parking_lot::Mutex;
use source::{Access, Credentials, Freshness, Opened, Sources, Target};
use tree::{Traced, Tree};
use types::ApplicationSource;

use crate::cache::{Cache, Key, Product};
use crate::engine::{self, ChartRequest, Job, Outcome, Reference};
use crate::error::{Failure, RenderError};
use crate::helm::ChartCache;
use crate::kind::Kind;
use crate::metrics::{Counts, RenderMetrics};
use crate::pool::{Lost, Pool};
use crate::prepare;
use crate::request::{Desired, Explain, Origin, RenderOptions, RenderRequest, Rendered, RenderedSource};
use crate::value_files;
use crate::variables::{Facts, Variables};

/// Rounds of fetching charts that charts ask for.
const MAX_ROUNDS: usize = 8;
/// The most bytes of a remote value file.
const MAX_REMOTE_FILE: u64 = 8 << 20;
/// Paths told in an explanation.
const MAX_EXPLAINED: usize = 1000;

/// Renders applications. Cloning is cheap; all clones share caches and threads.
#[derive(Clone)]
pub struct Renderer {
    inner: Arc<Inner>,
}

struct Inner {
    sources: Sources,
    options: RenderOptions,
    cache: Arc<Cache>,
    pool: Pool,
    charts: Arc<ChartCache>,
    counts: Counts,
    /// One lock for each key that is being rendered: equal renders wait here and then find the result.
    flights: Mutex<HashMap<Key, Arc<tokio::sync::Mutex<()>>>>,
}

/// One source with all that its render needs.
struct Prepared {
    source: ApplicationSource,
    revision: String,
    opened: Opened,
    /// The sources it may refer to; charts among them cannot be opened for that.
    references: BTreeMap<String, Option<Opened>>,
    key: Key,
}

impl Prepared {
    /// The trees whose contents decide whether a cached result holds.
    fn trees(&self) -> BTreeMap<String, Arc<dyn Tree>> {
        let own = std::iter::once((String::new(), &self.opened));
        let others =
            self.references.iter().filter_map(|(name, opened)| Some((name.clone(), opened.as_ref()?)));
        own.chain(others)
            .filter(|(_, opened)| opened.digest.is_none())
            .map(|(name, opened)| (name, opened.tree.clone()))
            .collect()
    }

    fn variables(&self, request: &RenderRequest) -> Variables {
        Variables::new(&Facts {
            instance: &request.instance,
            namespace: &request.destination_namespace,
            project: &request.project,
            revision: &self.revision,
            repository: &self.source.repo_url,
            path: &self.source.path,
            target_revision: &self.source.target_revision,
        })
    }
}

impl Renderer {
    /// A renderer of these sources.
    pub fn new(sources: Sources, options: RenderOptions) -> Self {
        let inner = Inner {
            cache: Arc::new(Cache::new(options.cache_bytes)),
            pool: Pool::new(options.parallelism, options.deadline, options.max_stuck),
            charts: Arc::default(),
            counts: Counts::default(),
            flights: Mutex::default(),
            sources,
            options,
        };
        Self { inner: Arc::new(inner) }
    }

    /// The sources that are rendered from.
    pub fn sources(&self) -> &Sources {
        &self.inner.sources
    }

    /// What was done so far.
    pub fn metrics(&self) -> RenderMetrics {
        self.inner.counts.snapshot(self.inner.pool.running(), self.inner.pool.stuck())
    }

    /// Drops what is counted for an application that is gone.
    pub fn forget(&self, instance: &str) {
        self.inner.counts.forget(instance);
    }

    /// The exact revision that a source's target revision means; with `refresh` its repository is asked again.
    ///
    /// # Errors
    /// When the repository cannot be asked, or knows no such revision.
    pub async fn resolve(
        &self,
        source: &ApplicationSource,
        project: &str,
        credentials: &Credentials,
        refresh: bool,
    ) -> Result<String, RenderError> {
        let access = credentials.access(&source.repo_url, project);
        let freshness = if refresh { Freshness::Now } else { Freshness::Cached };
        Ok(self.inner.sources.resolve(&Target::of(source), &access, freshness).await?)
    }

    /// Renders all sources of an application.
    ///
    /// # Errors
    /// When a source cannot be resolved, opened or rendered; the error says which, and where it lies.
    pub async fn render(&self, request: RenderRequest) -> Result<Rendered, RenderError> {
        prepare::check(&request)?;
        let request = Arc::new(request);
        let count = request.sources.len();
        let place = |position: usize, error: RenderError| match count {
            1 => error,
            _ => RenderError::OneOf { position: position + 1, count, error: Box::new(error) },
        };
        let sources = effective(&request);
        let revisions = try_join_all(sources.iter().enumerate().map(|(position, source)| {
            let (request, this) = (&request, self);
            async move {
                this.resolve(source, &request.project, &request.credentials, request.refresh_revisions)
                    .await
                    .map_err(|error| place(position, error))
            }
        }))
        .await?;
        let known: BTreeMap<String, usize> = sources
            .iter()
            .enumerate()
            .filter(|(_, source)| !source.r#ref.is_empty())
            .map(|(index, source)| (source.r#ref.clone(), index))
            .collect();
        let parts = join_all((0..count).map(|position| {
            let (sources, revisions, known, request) = (&sources, &revisions, &known, &request);
            async move {
                if !prepare::renders(&sources[position], count > 1) {
                    return Ok(None);
                }
                let prepared = self.prepare(request, position, sources, revisions, known).await?;
                self.source(request.clone(), prepared).await.map(Some)
            }
        }))
        .await;
        let mut rendered = Rendered { objects: Vec::new(), sources: Vec::new() };
        for (position, part) in parts.into_iter().enumerate() {
            let revision = revisions[position].clone();
            let Some((product, origin)) = part.map_err(|error| place(position, error))? else {
                let explain = Explain::default();
                rendered.sources.push(RenderedSource { revision, source_type: "", cached: false, explain });
                continue;
            };
            let marked = product.marked(&request.tracking, &request.instance, &request.destination_namespace);
            rendered.objects.extend(marked.iter().map(|marked| Desired {
                object: marked.object.clone(),
                hash: marked.hash,
                source: position,
                file: marked.file.clone(),
                line: marked.line,
            }));
            rendered.sources.push(RenderedSource {
                revision,
                source_type: product.kind.name(),
                cached: origin == Origin::Unchanged,
                explain: explain(&product, origin),
            });
        }
        Ok(rendered)
    }

    /// Opens a source and what it refers to.
    async fn prepare(
        &self,
        request: &RenderRequest,
        position: usize,
        sources: &[ApplicationSource],
        revisions: &[String],
        known: &BTreeMap<String, usize>,
    ) -> Result<Prepared, RenderError> {
        let (source, revision) = (&sources[position], &revisions[position]);
        let names = prepare::referred(source, known);
        prepare::check_references((source, revision), &names, sources, revisions, known)?;
        let opened = self.open(request, source, revision).await?;
        let mut references = BTreeMap::new();
        for (name, &index) in known {
            let other = &sources[index];
            // All of them: the repository's own overrides may refer to what the application does not.
            let tree = if other.chart.is_empty() {
                Some(self.open(request, other, &revisions[index]).await?)
            } else {
                None
            };
            references.insert(name.clone(), tree);
        }
        let digests: BTreeMap<String, Option<String>> = references
            .iter()
            .map(|(name, opened)| (name.clone(), opened.as_ref().and_then(|opened| opened.digest.clone())))
            .collect();
        let key = prepare::key(request, source, opened.digest.as_deref(), &digests);
        Ok(Prepared { source: source.clone(), revision: revision.clone(), opened, references, key })
    }

    async fn open(
        &self,
        request: &RenderRequest,
        source: &ApplicationSource,
        revision: &str,
    ) -> Result<Opened, RenderError> {
        let access = request.credentials.access(&source.repo_url, &request.project);
        Ok(self.inner.sources.open(&Target::of(source), revision, &access).await?)
    }

    /// One source, from the cache or rendered. The work goes on when the caller goes away: others may wait for it.
    async fn source(
        &self,
        request: Arc<RenderRequest>,
        prepared: Prepared,
    ) -> Result<(Arc<Product>, Origin), RenderError> {
        let prepared = Arc::new(prepared);
        if !request.no_cache
            && let Ok(product) = self.find(&request, &prepared).await
        {
            self.inner.counts.hit();
            return Ok((product, Origin::Unchanged));
        }
        let this = self.clone();
        let instance = request.instance.clone();
        let task = tokio::spawn(async move { this.once(&request, &prepared).await });
        task.await.map_err(|error| RenderError::Broken { instance, reason: error.to_string() })?
    }

    async fn find(
        &self,
        request: &Arc<RenderRequest>,
        prepared: &Arc<Prepared>,
    ) -> Result<Arc<Product>, Origin> {
        let (cache, request, prepared) = (self.inner.cache.clone(), request.clone(), prepared.clone());
        // Checking a proof may read the repository.
        let found = tokio::task::spawn_blocking(move || {
            cache.find(&prepared.key, &prepared.trees(), &prepared.variables(&request))
        });
        found.await.unwrap_or(Err(Origin::First))
    }

    /// Renders unless an equal render has just ended.
    async fn once(
        &self,
        request: &Arc<RenderRequest>,
        prepared: &Arc<Prepared>,
    ) -> Result<(Arc<Product>, Origin), RenderError> {
        let flight = self.inner.flights.lock().entry(prepared.key).or_default().clone();
        let turn = flight.lock().await;
        let origin = if request.no_cache {
            Origin::Forced
        } else {
            match self.find(request, prepared).await {
                Ok(product) => {
                    self.inner.counts.hit();
                    return Ok((product, Origin::Unchanged));
                }
                Err(origin) => origin,
            }
        };
        let result = self.make(request, prepared).await;
        drop(turn);
        let mut flights = self.inner.flights.lock();
        if flights.get(&prepared.key).is_some_and(|flight| Arc::strong_count(flight) <= 2) {
            flights.remove(&prepared.key);
        }
        drop(flights);
        match result {
            Ok(product) => {
                self.inner.cache.put(prepared.key, product.clone());
                Ok((product, origin))
            }
            Err(error) => {
                self.inner.counts.failed();
                Err(error)
            }
        }
    }

    /// Renders, fetching what the render asks for in between.
    async fn make(
        &self,
        request: &Arc<RenderRequest>,
        prepared: &Arc<Prepared>,
    ) -> Result<Arc<Product>, RenderError> {
        self.inner.counts.rendered(&request.instance);
        let remote_files = self.remote_files(request, prepared).await?;
        let mut dependencies: Vec<(ChartRequest, Arc<dyn Tree>)> = Vec::new();
        let mut last_needed = Vec::new();
        for _ in 0..MAX_ROUNDS {
            let traced: BTreeMap<String, Arc<Traced>> = prepared
                .trees()
                .into_iter()
                .map(|(name, tree)| (name, Arc::new(Traced::new(tree))))
                .collect();
            let tree_of = |name: &str, opened: &Opened| -> Arc<dyn Tree> {
                match traced.get(name) {
                    Some(traced) => traced.clone(),
                    None => opened.tree.clone(),
                }
            };
            let references = prepared.references.iter().map(|(name, opened)| {
                let reference = match opened {
                    Some(opened) => Reference::Files(tree_of(name, opened)),
                    None => Reference::Chart,
                };
                (name.clone(), reference)
            });
            let job = Job {
                source: prepared.source.clone(),
                instance: request.instance.clone(),
                destination_namespace: request.destination_namespace.clone(),
                kube_version: request.kube_version.clone(),
                api_versions: request.api_versions.clone(),
                settings: request.settings.clone(),
                variables: prepared.variables(request),
                tree: tree_of("", &prepared.opened),
                digest: prepared.opened.digest.clone(),
                references: references.collect(),
                remote_files: remote_files.clone(),
                dependencies: dependencies.clone(),
                charts: self.inner.charts.clone(),
                max_directory_bytes: self.inner.options.max_directory_bytes,
            };
            let (result, job, kind) = self
                .inner
                .pool
                .run(move || engine::run(job))
                .await
                .map_err(|lost| self.lost(request, lost))?;
            match result.map_err(|failure| located(failure, prepared, kind))? {
                Outcome::Done(done) => {
                    let traces = traced.iter().map(|(name, traced)| (name.clone(), traced.trace())).collect();
                    let untraced = !remote_files.is_empty() || !dependencies.is_empty();
                    let used = job.variables.used();
                    return Ok(Arc::new(Product::new(done.kind, done.manifests, traces, used, untraced)));
                }
                Outcome::Needs(needed) => {
                    for chart in &needed {
                        dependencies.push((chart.clone(), self.dependency(request, chart).await?));
                    }
                    last_needed = needed;
                }
            }
        }
        let names: Vec<_> = last_needed.into_iter().map(|chart| chart.name).collect();
        let reason = format!("the charts need ever more charts: {}", names.join(", "));
        Err(located(Failure::Content(reason), prepared, Some(Kind::Helm)))
    }

    fn lost(&self, request: &RenderRequest, lost: Lost) -> RenderError {
        let instance = request.instance.clone();
        match lost {
            Lost::Deadline => {
                RenderError::Deadline { instance, seconds: self.inner.options.deadline.as_secs() }
            }
            Lost::Panicked(reason) | Lost::NoCapacity(reason) => RenderError::Broken { instance, reason },
        }
    }

    /// The value files that are URLs, which a render cannot fetch by itself.
    async fn remote_files(
        &self,
        request: &RenderRequest,
        prepared: &Prepared,
    ) -> Result<BTreeMap<String, String>, RenderError> {
        let mut files = BTreeMap::new();
        let Some(helm) = &prepared.source.helm else { return Ok(files) };
        let variables = prepared.variables(request);
        let entries =
            helm.value_files.iter().chain(helm.file_parameters.iter().map(|parameter| &parameter.path));
        for entry in entries {
            let url = variables.expand(entry);
            let allowed = &request.settings.helm_value_file_schemes;
            let fetchable = value_files::scheme(&url)
                .is_some_and(|scheme| allowed.iter().any(|known| known.eq_ignore_ascii_case(scheme)));
            if !fetchable || files.contains_key(&url) {
                continue;
            }
            let text = self.inner.sources.helm().file(&url, &Access::default(), MAX_REMOTE_FILE).await?;
            files.insert(url, text);
        }
        Ok(files)
    }

    /// Fetches a chart that another one needs.
    async fn dependency(
        &self,
        request: &RenderRequest,
        chart: &ChartRequest,
    ) -> Result<Arc<dyn Tree>, RenderError> {
        let by_name = chart.repository.strip_prefix('@').or_else(|| chart.repository.strip_prefix("alias:"));
        let repository = match by_name {
            Some(name) => {
                let known =
                    request.credentials.repositories.iter().find(|repository| repository.name == name);
                known.map(|repository| repository.repo.clone()).ok_or_else(|| RenderError::Specification {
                    reason: format!("chart dependency {:?}: no repository is named {name:?}", chart.name),
                })?
            }
            None => chart.repository.clone(),
        };
        let access = request.credentials.access(&repository, &request.project);
        let helm = self.inner.sources.helm();
        // A registry is told by having no scheme.
        let repository = repository.strip_prefix("oci://").unwrap_or(&repository);
        let version =
            helm.resolve(repository, &chart.name, &chart.version, &access, Freshness::Cached).await?;
        Ok(helm.open(repository, &chart.name, &version, &access).await?.tree)
    }
}

/// The sources with the requested revisions in place of their target revisions.
fn effective(request: &RenderRequest) -> Vec<ApplicationSource> {
    let revision = |position: usize| request.revisions.get(position).cloned().flatten();
    let with = |(position, source): (usize, &ApplicationSource)| {
        let mut source = source.clone();
        if let Some(revision) = revision(position).filter(|revision| !revision.is_empty()) {
            source.target_revision = revision;
        }
        source
    };
    request.sources.iter().enumerate().map(with).collect()
}

fn located(failure: Failure, prepared: &Prepared, kind: Option<Kind>) -> RenderError {
    let (repository, revision) = (prepared.source.repo_url.clone(), prepared.revision.clone());
    let source = &prepared.source;
    let path = if source.chart.is_empty() { source.path.clone() } else { source.chart.clone() };
    match failure {
        Failure::Path(reason) => RenderError::Path { repository, revision, path, reason },
        Failure::Specification(reason) => RenderError::Specification { reason },
        Failure::Content(reason) => {
            let kind = kind.map_or("unknown", Kind::name);
            RenderError::Manifests { repository, revision, path, kind, reason }
        }
    }
}

fn explain(product: &Product, origin: Origin) -> Explain {
    let read = product
        .traces
        .iter()
        .flat_map(|(name, trace)| trace.seen.keys().map(move |path| (name.clone(), path.to_string())))
        .take(MAX_EXPLAINED)
        .collect();
    Explain { origin, read, variables: product.variables.keys().map(|name| (*name).to_owned()).collect() }
}
