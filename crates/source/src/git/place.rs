//! Where a mirror lies on disk. Each fetch adds a pack, and many packs make every look-up slow; rather than packing anew,
//! a mirror that has too many begins again in the directory of its next generation, with one fetch of what is wanted.

use std::path::{Path, PathBuf};

use parking_lot::Mutex;

/// Packs of a mirror before it begins again.
pub(crate) const MAX_PACKS: u16 = 256;

pub(crate) struct Place {
    base: PathBuf,
    /// The number of the directory below the base; `None` for a repository that is not ours.
    generation: Mutex<Option<u64>>,
}

impl Place {
    /// A repository that is read where it is.
    pub(crate) fn fixed(directory: PathBuf) -> Self {
        Self { base: directory, generation: Mutex::new(None) }
    }

    /// A mirror below this directory, in the latest generation that is there. Older ones are removed: nobody reads them
    /// when a process starts.
    pub(crate) fn generations(base: PathBuf) -> Self {
        let numbers = existing(&base);
        let latest = numbers.iter().copied().max().unwrap_or(0);
        for number in numbers.into_iter().filter(|number| *number < latest) {
            remove(&base.join(number.to_string()));
        }
        Self { base, generation: Mutex::new(Some(latest)) }
    }

    /// The directory now.
    pub(crate) fn current(&self) -> PathBuf {
        match *self.generation.lock() {
            Some(number) => self.base.join(number.to_string()),
            None => self.base.clone(),
        }
    }

    /// Whether there are too many packs.
    pub(crate) fn is_worn(&self) -> std::io::Result<bool> {
        let packs = match std::fs::read_dir(self.current().join("objects").join("pack")) {
            Ok(packs) => packs,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error),
        };
        let is_pack =
            |entry: &std::fs::DirEntry| entry.path().extension().is_some_and(|extension| extension == "pack");
        Ok(packs.filter_map(Result::ok).filter(is_pack).count() >= usize::from(MAX_PACKS))
    }

    /// Begins the next generation. The one before stays for those who still read it, and goes with the next but one.
    pub(crate) fn renew(&self) -> std::io::Result<()> {
        let mut generation = self.generation.lock();
        let Some(number) = *generation else { return Ok(()) };
        std::fs::create_dir_all(self.base.join((number + 1).to_string()))?;
        *generation = Some(number + 1);
        for old in existing(&self.base).into_iter().filter(|old| *old < number) {
            remove(&self.base.join(old.to_string()));
        }
        Ok(())
    }
}

fn existing(base: &Path) -> Vec<u64> {
    let Ok(entries) = std::fs::read_dir(base) else { return Vec::new() };
    entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect()
}

fn remove(directory: &Path) {
    if let Err(error) = std::fs::remove_dir_all(directory) {
        tracing::warn!(%error, directory = %directory.display(), "could not remove an old mirror");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worn_mirror_begins_again_and_old_ones_go() {
        let base = tempfile::tempdir().unwrap();
        let place = Place::generations(base.path().to_owned());
        assert!(!place.is_worn().unwrap());
        for generation in 0..3 {
            let packs = place.current().join("objects/pack");
            std::fs::create_dir_all(&packs).unwrap();
            for pack in 0..MAX_PACKS {
                std::fs::write(packs.join(format!("{pack}.pack")), "").unwrap();
            }
            assert!(place.is_worn().unwrap());
            place.renew().unwrap();
            assert_eq!(place.current(), base.path().join((generation + 1).to_string()));
            assert!(!place.is_worn().unwrap());
        }
        let mut left = existing(base.path());
        left.sort_unstable();
        assert_eq!(left, [2, 3], "the one before stays for its readers");
        assert_eq!(Place::generations(base.path().to_owned()).current(), base.path().join("3"));
        assert_eq!(existing(base.path()), [3]);
    }
}
