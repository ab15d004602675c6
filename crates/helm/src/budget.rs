//! What loading and rendering a chart may cost.

/// Limits for foreign charts.
#[derive(Debug, Clone)]
pub struct Budget {
    /// Bytes of a chart with everything in it, unpacked.
    pub chart_bytes: u64,
    /// Files of a chart with everything in it.
    pub chart_files: usize,
    /// Charts within charts.
    pub chart_depth: usize,
    /// What executing the templates may use.
    pub templates: gotmpl::Limits,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            chart_bytes: 100 << 20,
            chart_files: 50_000,
            chart_depth: 16,
            templates: gotmpl::Limits::default(),
        }
    }
}
