//! Servers that say that a repository is elsewhere.
//!
//! gix is told to follow nobody, since a redirect decides who is shown the credentials. When a listing fails because of
//! one, this module asks once more by itself, without credentials, and follows within the same host only: from HTTP to
//! HTTPS, or to another path, as after a renaming. To another host the user has to go.

use std::time::Duration;

use crate::access::Access;
use crate::{Error, http, url};

/// What every listing's URL ends in.
const LISTING: &str = "/info/refs?service=git-upload-pack";

/// Where the repository is now, if its server sends listings elsewhere.
///
/// # Errors
/// When it sends them to another host, or from HTTPS to HTTP.
pub(super) async fn target(
    repository: &str,
    access: &Access,
    action: &'static str,
    deadline: Duration,
) -> Result<Option<String>, Error> {
    let anonymous = Access {
        certificate_authority: access.certificate_authority.clone(),
        ..access.anonymous(repository)
    };
    let client = http::client(repository, &anonymous, deadline, deadline, http::Redirects::Refused)?;
    let place = format!("{}{LISTING}", repository.trim_end_matches('/'));
    let Ok(response) = client.get(&place).send().await else { return Ok(None) };
    let location = response.headers().get(reqwest::header::LOCATION).and_then(|value| value.to_str().ok());
    let Some(location) = location.filter(|_| response.status().is_redirection()) else { return Ok(None) };
    let Ok(target) = reqwest::Url::parse(&place).and_then(|base| base.join(location)) else {
        return Ok(None);
    };
    let target = target.to_string();
    let base = target.strip_suffix(LISTING).unwrap_or(&target);
    let stays = url::same_origin(base, repository)
        || (repository.starts_with("http://")
            && base.starts_with("https://")
            && url::host(base) == url::host(repository));
    if stays && target.ends_with(LISTING) {
        return Ok(Some(base.to_owned()));
    }
    Err(Error::Remote {
        repository: url::without_credentials(repository),
        action,
        reason: format!(
            "the server sends to {}, and no other host is followed with credentials. If that is right, use it as the \
             repository's URL",
            url::without_credentials(base)
        ),
    })
}
