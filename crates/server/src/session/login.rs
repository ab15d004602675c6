//! Checks names and passwords, slowly and with a limit, so that guessing doesn't pay.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::sync::Semaphore;
use types::settings::Settings;

use crate::status::Status;

/// So many wrong passwords in a row lock a name for a while.
const MAX_FAILURES: u32 = 5;
/// How long after the last failure a name stays locked.
const WINDOW: Duration = Duration::from_secs(300);
/// Names whose failures are remembered.
const MAX_NAMES: usize = 10_000;
/// Passwords that are checked at the same time.
const MAX_PARALLEL: usize = 50;
/// The longest user name, in bytes.
const MAX_NAME: usize = 32;
/// What a wrong pair, an unknown name and a locked name are all answered with.
const REFUSED: &str = "Invalid username or password";
/// The hash of no password: an unknown name costs as much time as a known one.
const NOBODY: &str = "$2b$10$7EqJtq98hPqEX7fNZaFWoOhi5B0c2sB5d1qEo4i1sGQ0z5JhFq3eS";

/// The failures of one name.
#[derive(Clone, Copy)]
struct Failures {
    count: u32,
    last: Instant,
}

/// Logging in.
pub(crate) struct Logins {
    delay: Duration,
    parallel: Semaphore,
    failures: Mutex<HashMap<String, Failures>>,
}

impl Logins {
    pub(super) fn new(delay: Duration) -> Self {
        Self { delay, parallel: Semaphore::new(MAX_PARALLEL), failures: Mutex::default() }
    }

    /// Checks a name and a password; answers after a delay whatever comes out.
    pub(crate) async fn check(&self, name: &str, password: &str, settings: &Settings) -> Result<(), Status> {
        let refused = || Status::unauthenticated(REFUSED);
        let _permit = self.parallel.try_acquire().map_err(|_| refused())?;
        if name.is_empty() {
            return Err(Status::unauthenticated("no credentials supplied"));
        }
        if password.is_empty() {
            return Err(Status::unauthenticated("Blank passwords are not allowed"));
        }
        if name.len() > MAX_NAME {
            return Err(Status::invalid(format!("Username is too long ({MAX_NAME} bytes max)")));
        }
        let started = Instant::now();
        let result = self.check_now(name, password, settings).await;
        let wait = self.delay.mul_f64(0.5 + rand::random::<f64>() / 2.0);
        tokio::time::sleep(wait.saturating_sub(started.elapsed())).await;
        result
    }

    async fn check_now(&self, name: &str, password: &str, settings: &Settings) -> Result<(), Status> {
        let refused = || Status::unauthenticated(REFUSED);
        if self.is_locked(name) {
            return Err(refused());
        }
        let account = settings.accounts.get(name);
        let hash =
            account.and_then(|account| account.password_hash.as_ref()).map(|hash| hash.expose().clone());
        let correct = verify(password, hash).await;
        match account {
            Some(account) if correct => {
                if !account.enabled {
                    return Err(Status::unauthenticated(format!("Account {name} is disabled")));
                }
                if !account.login {
                    let message = format!("Account {name} does not have login capability");
                    return Err(Status::unauthenticated(message));
                }
                self.failures.lock().remove(name);
                Ok(())
            }
            _ => {
                self.count_failure(name);
                Err(refused())
            }
        }
    }

    fn is_locked(&self, name: &str) -> bool {
        let failures = self.failures.lock().get(name).copied();
        failures.is_some_and(|failures| failures.count >= MAX_FAILURES && failures.last.elapsed() < WINDOW)
    }

    fn count_failure(&self, name: &str) {
        let mut failures = self.failures.lock();
        if failures.len() >= MAX_NAMES && !failures.contains_key(name) {
            failures.retain(|_, failures| failures.last.elapsed() < WINDOW);
            // A flood of names must not push out the administrator's count.
            let victim = failures.keys().find(|other| *other != types::settings::accounts::ADMIN).cloned();
            if let (true, Some(victim)) = (failures.len() >= MAX_NAMES, victim) {
                failures.remove(&victim);
            }
        }
        let now = Instant::now();
        let entry = failures.entry(name.to_owned()).or_insert(Failures { count: 0, last: now });
        if entry.last.elapsed() >= WINDOW {
            entry.count = 0;
        }
        entry.count += 1;
        entry.last = now;
    }
}

/// Whether a password has the hash. Without a hash as much time is spent, for nothing.
pub(crate) async fn verify(password: &str, hash: Option<String>) -> bool {
    let password = password.to_owned();
    let check = move || {
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| NOBODY.to_owned());
        bcrypt::verify(&password, &hash).unwrap_or(false) && known
    };
    tokio::task::spawn_blocking(check).await.unwrap_or(false)
}

/// Hashes a new password.
pub(crate) async fn hash(password: &str) -> Result<String, Status> {
    let password = password.to_owned();
    let hashed = tokio::task::spawn_blocking(move || bcrypt::hash(&password, 10)).await;
    match hashed {
        Ok(Ok(hash)) => Ok(hash),
        Ok(Err(error)) => Err(Status::internal(format!("cannot hash the password: {error}"))),
        Err(error) => Err(Status::internal(format!("cannot hash the password: {error}"))),
    }
}
