//! One source rendered anew: the rounds between the engine, which has no hands, and what it asks for in between:
//! charts, files of the network, plugins.

use std::collections::BTreeMap;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};
use source::{Access, Freshness, Opened};
use tree::{Traced, Tree};

use crate::cache::{Product, Proof};
use crate::documents::Manifests;
use crate::engine::{self, AskPlugins, ChartRequest, Job, Outcome, PluginCall, Reference};
use crate::error::{Failure, RenderError};
use crate::helm::System;
use crate::kind::Kind;
use crate::outside::Fetcher;
use crate::plugin::{GitCredentials, Made, ParameterAnnouncement, PluginError, Task};
use crate::pool::Lost;
use crate::renderer::{Prepared, Renderer};
use crate::request::RenderRequest;
use crate::value_files;

/// Rounds of fetching charts that charts ask for.
const MAX_ROUNDS: usize = 8;
/// The most bytes of a remote value file.
const MAX_REMOTE_FILE: u64 = 8 << 20;

/// What a render has been given besides its trees.
struct Given {
    remote_files: BTreeMap<String, String>,
    dependencies: Vec<(ChartRequest, Arc<dyn Tree>)>,
    outside: kustomize::Outside,
    fetched: BTreeMap<String, String>,
    plugins: BTreeMap<String, String>,
    /// Whether plugins have said that the source is not theirs.
    plugins_declined: bool,
}

impl Default for Given {
    fn default() -> Self {
        Self {
            remote_files: BTreeMap::new(),
            dependencies: Vec::new(),
            outside: kustomize::Outside::new(Arc::new(System)),
            fetched: BTreeMap::new(),
            plugins: BTreeMap::new(),
            plugins_declined: false,
        }
    }
}

fn digest(bytes: &[u8]) -> String {
    let digits: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{digits}")
}

impl Renderer {
    /// Renders, fetching what the render asks for in between.
    pub(crate) async fn make(
        &self,
        request: &Arc<RenderRequest>,
        prepared: &Arc<Prepared>,
    ) -> Result<Product, RenderError> {
        self.inner.counts.rendered(&request.instance);
        let mut given = Given::default();
        self.remote_files(request, prepared, &mut given).await?;
        let mut asked_for = Vec::new();
        for _ in 0..MAX_ROUNDS {
            let traced: BTreeMap<String, Arc<Traced>> = prepared
                .trees()
                .into_iter()
                .map(|(name, tree)| (name, Arc::new(Traced::new(tree))))
                .collect();
            let fail = |error: PluginError| plugin_failed(error, prepared);
            // Taken before anything is decided by it: plugins that come or change meanwhile prove nothing.
            let plugins = self.inner.plugins.identity("").map_err(fail)?;
            let ask = match (plugins.is_empty(), given.plugins_declined) {
                (true, _) => AskPlugins::No,
                (false, true) => AskPlugins::Declined,
                (false, false) => AskPlugins::First,
            };
            let job = self.job(request, prepared, &traced, &given, ask);
            let (result, job, kind) = self
                .inner
                .pool
                .run(move || engine::run(job))
                .await
                .map_err(|lost| self.lost(request, lost))?;
            let done = match result.map_err(|failure| located(failure, prepared, kind))? {
                Outcome::Done(done) => done,
                Outcome::Needs(needed) => {
                    for chart in &needed {
                        let tree = self.dependency(request, chart, &mut given).await?;
                        given.dependencies.push((chart.clone(), tree));
                    }
                    asked_for = needed.into_iter().map(|chart| chart.name).collect();
                    continue;
                }
                Outcome::NeedsOutside(needs) => {
                    self.outside(request, prepared, &needs, &mut given).await?;
                    asked_for = needs.iter().map(ToString::to_string).collect();
                    continue;
                }
                Outcome::Plugin(call) => {
                    let identity = self.inner.plugins.identity(&call.name).map_err(fail)?;
                    given.plugins.insert(call.name.clone(), identity);
                    match self.inner.plugins.generate(&task(request, prepared, call)).await.map_err(fail)? {
                        Some(made) => from_plugin(made, prepared)?,
                        None => {
                            given.plugins_declined = true;
                            // The render that follows has to note all that the plugins have seen.
                            asked_for.clear();
                            continue;
                        }
                    }
                }
            };
            if done.is_detected {
                given.plugins.entry(String::new()).or_insert(plugins);
            }
            let traces = traced.iter().map(|(name, traced)| (name.clone(), traced.trace())).collect();
            let variables = job.variables.used();
            let proof = Proof { traces, variables, plugins: given.plugins, fetched: given.fetched };
            return Ok(Product::new(done.kind, &done.manifests, proof));
        }
        let reason = format!("what was fetched needs ever more to be fetched: {}", asked_for.join(", "));
        Err(located(Failure::Content(reason), prepared, None))
    }

    fn job(
        &self,
        request: &Arc<RenderRequest>,
        prepared: &Arc<Prepared>,
        traced: &BTreeMap<String, Arc<Traced>>,
        given: &Given,
        plugins: AskPlugins,
    ) -> Job {
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
        let sends_paths = self.inner.options.plugins.use_manifest_generate_paths
            && !request.manifest_generate_paths.trim().is_empty();
        Job {
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
            remote_files: given.remote_files.clone(),
            dependencies: given.dependencies.clone(),
            outside: given.outside.clone(),
            charts: self.inner.charts.clone(),
            max_directory_bytes: self.inner.options.max_directory_bytes,
            jsonnet_worker: self.inner.options.jsonnet_worker.clone(),
            plugins,
            generate_paths: sends_paths.then(|| request.manifest_generate_paths.clone()),
        }
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

    /// The parameters that the plugin of a request's first source announces; none when it is no plugin's.
    ///
    /// # Errors
    /// When the source cannot be resolved or opened, or its plugin does not answer.
    pub async fn plugin_parameters(
        &self,
        request: RenderRequest,
    ) -> Result<Vec<ParameterAnnouncement>, RenderError> {
        let request = Arc::new(request);
        let prepared = Arc::new(self.prepare_first(&request).await?);
        let traced = BTreeMap::new();
        let job = self.job(&request, &prepared, &traced, &Given::default(), AskPlugins::First);
        let run = self.inner.pool.run(move || engine::run(job)).await;
        let (result, _, kind) = run.map_err(|lost| self.lost(&request, lost))?;
        match result.map_err(|failure| located(failure, &prepared, kind))? {
            Outcome::Plugin(call) => {
                let task = task(&request, &prepared, call);
                let announced = self.inner.plugins.announcements(&task).await;
                announced.map_err(|error| plugin_failed(error, &prepared))
            }
            Outcome::Done(_) | Outcome::Needs(_) | Outcome::NeedsOutside(_) => Ok(Vec::new()),
        }
    }

    /// The value files that are URLs, which a render cannot fetch by itself.
    async fn remote_files(
        &self,
        request: &RenderRequest,
        prepared: &Prepared,
        given: &mut Given,
    ) -> Result<(), RenderError> {
        let Some(helm) = &prepared.source.helm else { return Ok(()) };
        let variables = prepared.variables(request);
        let entries =
            helm.value_files.iter().chain(helm.file_parameters.iter().map(|parameter| &parameter.path));
        for entry in entries {
            let url = variables.expand(entry);
            let allowed = &request.settings.helm_value_file_schemes;
            let fetchable = value_files::scheme(&url)
                .is_some_and(|scheme| allowed.iter().any(|known| known.eq_ignore_ascii_case(scheme)));
            if !fetchable || given.remote_files.contains_key(&url) {
                continue;
            }
            let text = self.inner.sources.helm().file(&url, &Access::default(), MAX_REMOTE_FILE).await?;
            given.fetched.insert(source::url::without_credentials(&url), digest(text.as_bytes()));
            given.remote_files.insert(url, text);
        }
        Ok(())
    }

    /// Fetches what a kustomization needs.
    async fn outside(
        &self,
        request: &RenderRequest,
        prepared: &Prepared,
        needs: &[kustomize::Need],
        given: &mut Given,
    ) -> Result<(), RenderError> {
        let repository = &prepared.source.repo_url;
        let fetcher = Fetcher {
            sources: &self.inner.sources,
            repository,
            access: request.credentials.access(repository, &request.project),
            freshness: if request.refresh_revisions { Freshness::Now } else { Freshness::Cached },
        };
        for need in needs {
            let fetched = fetcher.fetch(need).await?;
            given.fetched.insert(fetched.name, fetched.digest);
            given.outside.insert(need.clone(), fetched.answer);
        }
        Ok(())
    }

    /// Fetches a chart that another one needs.
    async fn dependency(
        &self,
        request: &RenderRequest,
        chart: &ChartRequest,
        given: &mut Given,
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
        let opened = helm.open(repository, &chart.name, &version, &access).await?;
        let name = format!("{}/{}@{version}", source::url::without_credentials(repository), chart.name);
        given.fetched.insert(name, opened.digest.unwrap_or_default());
        Ok(opened.tree)
    }
}

/// What a plugin is asked to work on.
fn task(request: &RenderRequest, prepared: &Prepared, call: PluginCall) -> Task {
    let repository = &prepared.source.repo_url;
    let access = request.credentials.access(repository, &request.project);
    Task {
        name: call.name,
        is_explicit: call.is_explicit,
        application: request.instance.clone(),
        tree: prepared.opened.tree.clone(),
        content: call.content,
        root: call.root,
        path: call.path,
        environment: call.environment,
        credentials: GitCredentials::of(repository, &access.auth),
    }
}

/// The manifests of a plugin as objects.
fn from_plugin(made: Made, prepared: &Prepared) -> Result<engine::Done, RenderError> {
    let name: Arc<str> = format!("plugin {}", made.plugin).into();
    let mut manifests = Manifests::default();
    for text in &made.manifests {
        manifests
            .add_output(&name, text)
            .map_err(|failure| located(failure, prepared, Some(Kind::Plugin)))?;
    }
    Ok(engine::Done { kind: Kind::Plugin, is_detected: false, manifests: manifests.into_vec() })
}

fn plugin_failed(error: PluginError, prepared: &Prepared) -> RenderError {
    RenderError::Plugin {
        repository: source::url::without_credentials(&prepared.source.repo_url),
        revision: prepared.revision.clone(),
        path: prepared.source.path.clone(),
        plugin: error.plugin,
        reason: error.reason,
        is_transient: error.is_transient,
    }
}

/// A failure with the place where it is.
pub(crate) fn located(failure: Failure, prepared: &Prepared, kind: Option<Kind>) -> RenderError {
    failure.at_source(&prepared.source, &prepared.revision, kind)
}
