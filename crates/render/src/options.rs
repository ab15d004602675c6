//! The limits of rendering, and the settings that change them.

use std::time::Duration;

use crate::jsonnet::JsonnetWorker;
use crate::plugin::PluginOptions;

/// Limits of rendering.
#[derive(Debug, Clone)]
pub struct RenderOptions {
    /// Renders at the same time (`--parallelismlimit`); each has its own thread.
    pub parallelism: usize,
    /// The time that one render may take.
    pub deadline: Duration,
    /// Renders past their deadline that still run, from which on no new ones are begun.
    pub max_stuck: usize,
    /// Bytes of manifests kept in the cache.
    pub cache_bytes: usize,
    /// The most bytes of a directory application's files together, Jsonnet files aside; 0 for no limit
    /// (`--max-combined-directory-manifests-size`).
    pub max_directory_bytes: u64,
    /// The process that evaluates Jsonnet programs. Without one they run on the render's thread, which nothing can end.
    pub jsonnet_worker: Option<JsonnetWorker>,
    /// The most bytes of an archive of files that somebody sends to be rendered
    /// (`--streamed-manifest-max-tar-size`).
    pub max_sent_archive_bytes: u64,
    /// The most bytes that it may unpack to (`--streamed-manifest-max-extracted-size`).
    pub max_sent_bytes: u64,
    /// Where config management plugins are, and what they are sent.
    pub plugins: PluginOptions,
}

impl Default for RenderOptions {
    fn default() -> Self {
        Self {
            parallelism: std::thread::available_parallelism().map_or(2, std::num::NonZeroUsize::get).max(2),
            deadline: Duration::from_secs(90),
            max_stuck: 16,
            cache_bytes: 256 << 20,
            max_directory_bytes: 10_000_000,
            jsonnet_worker: None,
            max_sent_archive_bytes: 100_000_000,
            max_sent_bytes: 1_000_000_000,
            plugins: PluginOptions::default(),
        }
    }
}

impl RenderOptions {
    /// The usual limits, changed by settings: `variable` looks up the environment, `parameter` the ConfigMap
    /// `argocd-cmd-params-cm`; a variable that is set comes before a parameter. Also answers what could not be
    /// read, for which the usual limits hold.
    pub fn configured(
        variable: &dyn Fn(&str) -> Option<String>,
        parameter: &dyn Fn(&str) -> Option<String>,
    ) -> (Self, Vec<String>) {
        let mut reader = Reader { variable, parameter, problems: Vec::new() };
        let mut options = Self::default();
        let limit = reader.number("ARGOCD_REPO_SERVER_PARALLELISM_LIMIT", "reposerver.parallelism.limit");
        if let Some(limit) = limit.and_then(|limit| usize::try_from(limit).ok()).filter(|limit| *limit > 0) {
            options.parallelism = limit;
        }
        for (variable, parameter, limit) in [
            (
                "ARGOCD_REPO_SERVER_MAX_COMBINED_DIRECTORY_MANIFESTS_SIZE",
                "reposerver.max.combined.directory.manifests.size",
                &mut options.max_directory_bytes,
            ),
            (
                "ARGOCD_REPO_SERVER_STREAMED_MANIFEST_MAX_TAR_SIZE",
                "reposerver.streamed.manifest.max.tar.size",
                &mut options.max_sent_archive_bytes,
            ),
            (
                "ARGOCD_REPO_SERVER_STREAMED_MANIFEST_MAX_EXTRACTED_SIZE",
                "reposerver.streamed.manifest.max.extracted.size",
                &mut options.max_sent_bytes,
            ),
        ] {
            if let Some(bytes) = reader.quantity(variable, parameter) {
                *limit = bytes;
            }
        }
        let plugins = &mut options.plugins;
        if let Some(directory) = reader.text("ARGOCD_PLUGINSOCKFILEPATH", "") {
            plugins.directory = directory.into();
        }
        let exclusions =
            reader.text("ARGOCD_REPO_SERVER_PLUGIN_TAR_EXCLUSIONS", "reposerver.plugin.tar.exclusions");
        plugins.exclusions = exclusions.map(|text| list(&text)).unwrap_or_default();
        plugins.use_manifest_generate_paths = reader
            .text(
                "ARGOCD_REPO_SERVER_PLUGIN_USE_MANIFEST_GENERATE_PATHS",
                "reposerver.plugin.use.manifest.generate.paths",
            )
            .is_some_and(|text| text.eq_ignore_ascii_case("true") || text == "1");
        let chunk = reader.number("ARGOCD_CMP_CHUNK_SIZE", "");
        if let Some(chunk) = chunk.and_then(|chunk| usize::try_from(chunk).ok()).filter(|chunk| *chunk > 0) {
            plugins.chunk_bytes = chunk;
        }
        (options, reader.problems)
    }
}

fn list(text: &str) -> Vec<String> {
    text.split(';').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
}

struct Reader<'a> {
    variable: &'a dyn Fn(&str) -> Option<String>,
    parameter: &'a dyn Fn(&str) -> Option<String>,
    problems: Vec<String>,
}

impl Reader<'_> {
    fn text(&self, variable: &str, parameter: &str) -> Option<String> {
        let set = |text: &String| !text.trim().is_empty();
        let configured = || if parameter.is_empty() { None } else { (self.parameter)(parameter) };
        (self.variable)(variable).filter(set).or_else(|| configured().filter(set))
    }

    fn number(&mut self, variable: &str, parameter: &str) -> Option<i64> {
        let text = self.text(variable, parameter)?;
        let number = text.trim().parse().ok();
        if number.is_none() {
            self.problems.push(format!("{variable}: {text:?} is no whole number; the default is used"));
        }
        number
    }

    /// A quantity of bytes as Kubernetes writes it, such as `10M` or `1Gi`.
    fn quantity(&mut self, variable: &str, parameter: &str) -> Option<u64> {
        let text = self.text(variable, parameter)?;
        let bytes = object::Quantity::parse(text.trim())
            .ok()
            .and_then(|quantity| u64::try_from(quantity.value()).ok());
        if bytes.is_none() {
            self.problems
                .push(format!("{variable}: {text:?} is no quantity such as 10M; the default is used"));
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_change_the_limits() {
        let nothing = |_: &str| None;
        let (usual, problems) = RenderOptions::configured(&nothing, &nothing);
        assert_eq!(problems, Vec::<String>::new());
        assert_eq!(usual.max_directory_bytes, 10_000_000);
        let variable = |name: &str| {
            let text = match name {
                "ARGOCD_REPO_SERVER_MAX_COMBINED_DIRECTORY_MANIFESTS_SIZE" => "2Mi",
                "ARGOCD_PLUGINSOCKFILEPATH" => "/plugins",
                "ARGOCD_REPO_SERVER_PLUGIN_TAR_EXCLUSIONS" => "docs; *.md ;",
                "ARGOCD_CMP_CHUNK_SIZE" => "much",
                "ARGOCD_REPO_SERVER_PARALLELISM_LIMIT" => "",
                _ => return None,
            };
            Some(text.to_owned())
        };
        let parameter = |name: &str| {
            let text = match name {
                "reposerver.parallelism.limit" => "7",
                "reposerver.max.combined.directory.manifests.size" => "1k",
                "reposerver.plugin.use.manifest.generate.paths" => "true",
                _ => return None,
            };
            Some(text.to_owned())
        };
        let (options, problems) = RenderOptions::configured(&variable, &parameter);
        assert_eq!(options.max_directory_bytes, 2 << 20, "the environment comes first");
        assert_eq!(options.parallelism, 7, "an empty variable is none");
        assert_eq!(options.plugins.directory.to_str(), Some("/plugins"));
        assert_eq!(options.plugins.exclusions, ["docs", "*.md"]);
        assert!(options.plugins.use_manifest_generate_paths);
        assert_eq!(problems, ["ARGOCD_CMP_CHUNK_SIZE: \"much\" is no whole number; the default is used"]);
    }
}
