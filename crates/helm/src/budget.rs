//! What loading and rendering a chart may cost.

use crate::error::Error;

/// Limits for foreign charts.
#[derive(Debug, Clone)]
pub struct Budget {
    /// Bytes of a chart with everything in it, unpacked, however deep archives lie in archives.
    pub chart_bytes: u64,
    /// Bytes of one file of a chart.
    pub file_bytes: u64,
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
            // Helm's limit.
            file_bytes: 5 << 20,
            chart_files: 50_000,
            chart_depth: 16,
            templates: gotmpl::Limits::default(),
        }
    }
}

/// What is left of a budget while one chart is loaded.
#[derive(Debug)]
pub(crate) struct Left<'a> {
    budget: &'a Budget,
    bytes: u64,
    files: usize,
}

impl<'a> Left<'a> {
    pub(crate) fn new(budget: &'a Budget) -> Self {
        Self { budget, bytes: budget.chart_bytes, files: budget.chart_files }
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(crate) fn max_depth(&self) -> usize {
        self.budget.chart_depth
    }

    /// Takes a file of a size off; `chart` and `path` are for the message.
    pub(crate) fn take(&mut self, chart: &str, path: &str, size: u64) -> Result<(), Error> {
        let limit = self.budget.file_bytes;
        if size > limit {
            let (chart, file) = (chart.to_string(), path.to_string());
            return Err(Error::FileTooLarge { chart, file, size, limit });
        }
        let too_large = || Error::TooLarge { chart: chart.to_string(), limit: self.budget.chart_bytes };
        self.bytes = self.bytes.checked_sub(size).ok_or_else(too_large)?;
        self.files = self.files.checked_sub(1).ok_or_else(|| Error::TooManyFiles {
            chart: chart.to_string(),
            limit: self.budget.chart_files,
        })?;
        Ok(())
    }
}
