//! The asynchronous shell around the engine: resolves and opens sources, looks into the cache, has renders made (see
//! `make`), and puts the results of several sources together.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use futures::future::{join_all, try_join_all};
use parking_lot::Mutex;
use source::{Credentials, Freshness, Opened, Sources, Target};
use tree::Tree;
use types::ApplicationSource;

use crate::cache::{Cache, Key, Present, Product};
use crate::error::RenderError;
use crate::explain::{Explain, Origin, Read};
use crate::helm::ChartCache;
use crate::inputs::Inputs;
use crate::integrity::Checks;
use crate::metrics::{Counts, RenderMetrics};
use crate::options::RenderOptions;
use crate::plugin::Plugins;
use crate::pool::Pool;
use crate::prepare;
use crate::request::{Desired, RenderRequest, Rendered, RenderedSource};
use crate::variables::{Facts, Variables};

/// Paths told in an explanation.
const MAX_EXPLAINED: usize = 1000;

/// Renders applications. Cloning is cheap; all clones share caches and threads.
#[derive(Clone)]
pub struct Renderer {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) sources: Sources,
    pub(crate) options: RenderOptions,
    cache: Arc<Cache>,
    pub(crate) pool: Pool,
    pub(crate) charts: Arc<ChartCache>,
    pub(crate) plugins: Arc<Plugins>,
    pub(crate) counts: Counts,
    checks: Checks,
    /// One lock for each key that is being rendered: equal renders wait here and then find the result.
    flights: Mutex<HashMap<Key, Arc<tokio::sync::Mutex<()>>>>,
}

/// One source with all that its render needs.
pub(crate) struct Prepared {
    pub(crate) source: ApplicationSource,
    /// Which of the application's sources it is, from 0.
    position: usize,
    pub(crate) revision: String,
    pub(crate) opened: Opened,
    /// The sources it may refer to; charts among them cannot be opened for that.
    pub(crate) references: BTreeMap<String, Option<Opened>>,
    inputs: Inputs,
    key: Key,
}

impl Prepared {
    /// The trees whose contents decide whether a cached result holds.
    pub(crate) fn trees(&self) -> BTreeMap<String, Arc<dyn Tree>> {
        let own = std::iter::once((String::new(), &self.opened));
        let others =
            self.references.iter().filter_map(|(name, opened)| Some((name.clone(), opened.as_ref()?)));
        own.chain(others)
            .filter(|(_, opened)| opened.digest.is_none())
            .map(|(name, opened)| (name, opened.tree.clone()))
            .collect()
    }

    pub(crate) fn variables(&self, request: &RenderRequest) -> Variables {
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
            plugins: Arc::new(Plugins::new(options.plugins.clone())),
            counts: Counts::default(),
            checks: Checks::default(),
            flights: Mutex::default(),
            sources,
            options,
        };
        Self { inner: Arc::new(inner) }
    }

    /// The files in an archive that somebody sends to be rendered, within the limits of [`RenderOptions`].
    ///
    /// # Errors
    /// The text says what is wrong with the archive.
    pub fn sent_files(&self, archive: &[u8]) -> Result<Opened, String> {
        let options = &self.inner.options;
        if archive.len() as u64 > options.max_sent_archive_bytes {
            return Err(format!("the archive has more than {} bytes", options.max_sent_archive_bytes));
        }
        Opened::archive(archive, options.max_sent_bytes)
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
        self.inner.cache.forget(instance);
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
                if request.files.is_some() {
                    return Ok(source.target_revision.clone());
                }
                this.resolve(source, &request.project, &request.credentials, request.refresh_revisions)
                    .await
                    .map_err(|error| place(position, error))
            }
        }))
        .await?;
        let checks = sources.iter().zip(&revisions).enumerate().map(|(position, (source, revision))| {
            let (request, inner) = (&request, &self.inner);
            async move {
                // Nobody has signed files that come from elsewhere.
                if request.files.is_some() {
                    return Ok(None);
                }
                inner.checks.check(&inner.sources, request, position, source, revision).await
            }
        });
        let integrity = try_join_all(checks).await?;
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
                let prepared = Arc::new(prepared);
                let (product, origin) = self.source(request.clone(), prepared.clone()).await?;
                Ok(Some((prepared, product, origin)))
            }
        }))
        .await;
        let mut rendered = Rendered { objects: Vec::new(), sources: Vec::new() };
        for (position, part) in parts.into_iter().enumerate() {
            let (revision, integrity) = (revisions[position].clone(), integrity[position].clone());
            let Some((prepared, product, origin)) = part.map_err(|error| place(position, error))? else {
                let explain = Explain::default();
                let source_type = "";
                let cached = false;
                rendered.sources.push(RenderedSource { revision, source_type, integrity, cached, explain });
                continue;
            };
            tracing::debug!(application = request.instance, source = position + 1, revision, "{origin}");
            let (tracking, namespace) = (&request.tracking, &request.destination_namespace);
            let marked = self.inner.cache.marked(&product, tracking, &request.instance, namespace);
            let marked = marked
                .map_err(|reason| RenderError::Broken { instance: request.instance.clone(), reason })?;
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
                integrity,
                cached: origin == Origin::Unchanged,
                explain: explain(&prepared, &product, origin),
            });
        }
        Ok(rendered)
    }

    /// Opens a request's first source.
    pub(crate) async fn prepare_first(&self, request: &RenderRequest) -> Result<Prepared, RenderError> {
        prepare::check(request)?;
        let sources = effective(request);
        let first = sources.first().ok_or_else(|| RenderError::Specification {
            reason: "the application has no source".to_owned(),
        })?;
        let revision = self.resolve(first, &request.project, &request.credentials, false).await?;
        self.prepare(request, 0, &sources[..1], &[revision], &BTreeMap::new()).await
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
        let inputs = Inputs::of(request, source, opened.digest.as_deref(), &digests);
        let key = inputs.key();
        let (source, revision) = (source.clone(), revision.clone());
        Ok(Prepared { source, position, revision, opened, references, inputs, key })
    }

    async fn open(
        &self,
        request: &RenderRequest,
        source: &ApplicationSource,
        revision: &str,
    ) -> Result<Opened, RenderError> {
        if let Some(files) = &request.files {
            return Ok(files.clone());
        }
        let access = request.credentials.access(&source.repo_url, &request.project);
        Ok(self.inner.sources.open(&Target::of(source), revision, &access).await?)
    }

    /// One source, from the cache or rendered. The work goes on when the caller goes away: others may wait for it.
    async fn source(
        &self,
        request: Arc<RenderRequest>,
        prepared: Arc<Prepared>,
    ) -> Result<(Arc<Product>, Origin), RenderError> {
        let different = self
            .inner
            .cache
            .remember(&request.instance, prepared.position, &prepared.inputs)
            .unwrap_or_default();
        if !request.no_cache
            && let Ok(product) = self.find(&request, &prepared).await
        {
            self.inner.counts.hit();
            return Ok((product, Origin::Unchanged));
        }
        let this = self.clone();
        let instance = request.instance.clone();
        let task = tokio::spawn(async move { this.once(&request, &prepared).await });
        let made = task.await.map_err(|error| RenderError::Broken { instance, reason: error.to_string() })?;
        made.map(|(product, origin)| match origin {
            Origin::First if !different.is_empty() => {
                (product, Origin::Inputs(different.into_iter().map(str::to_owned).collect()))
            }
            origin => (product, origin),
        })
    }

    async fn find(
        &self,
        request: &Arc<RenderRequest>,
        prepared: &Arc<Prepared>,
    ) -> Result<Arc<Product>, Origin> {
        let (cache, plugins) = (self.inner.cache.clone(), self.inner.plugins.clone());
        let (request, prepared) = (request.clone(), prepared.clone());
        // Checking a proof may read the repository.
        let found = tokio::task::spawn_blocking(move || {
            let identity = |name: &str| plugins.identity(name).map_err(|error| error.reason);
            let (trees, variables) = (prepared.trees(), prepared.variables(&request));
            let present = Present { trees: &trees, variables: &variables, plugin_identity: &identity };
            cache.find(&prepared.key, &present)
        });
        found.await.unwrap_or_else(|error| Err(Origin::Unproven(error.to_string())))
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
                let product = self.inner.cache.put(prepared.key, product);
                Ok((product, origin))
            }
            Err(error) => {
                self.inner.counts.failed();
                Err(error)
            }
        }
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

fn explain(prepared: &Prepared, product: &Product, origin: Origin) -> Explain {
    let proof = &product.proof;
    let seen = proof.traces.iter().flat_map(|(name, trace)| trace.seen.iter().map(move |seen| (name, seen)));
    let read: Vec<_> = seen
        .clone()
        .take(MAX_EXPLAINED)
        .map(|(name, (path, seen))| Read {
            repository: name.clone(),
            path: path.to_string(),
            seen: seen.clone(),
        })
        .collect();
    let pairs = |map: &BTreeMap<String, String>| map.clone().into_iter().collect();
    Explain {
        origin,
        key: hexadecimal(&prepared.key),
        inputs: prepared.inputs.shown(),
        more_read: seen.count() - read.len(),
        read,
        variables: proof.variables.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
        fetched: pairs(&proof.fetched),
        plugins: pairs(&proof.plugins),
        content: hexadecimal(&product.manifests.id),
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
