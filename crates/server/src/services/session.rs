//! `session.SessionService`: logging in, and who is logged in.

use serde_json::json;

use crate::call::{Answer, Call, Door, Handlers, Reply};
use crate::session::Sessions;
use crate::status::Status;

pub(super) fn register(handlers: &mut Handlers) {
    handlers.add("session.SessionService/Create", Door::Open, create);
    handlers.add("session.SessionService/Delete", Door::Open, |_| async move {
        // A browser logs out at /auth/logout, which clears its cookies; a client forgets its token by itself.
        Ok(Reply { answer: Answer::One(json!({})), token: None, renewed: false })
    });
    handlers.add(
        "session.SessionService/GetUserInfo",
        Door::Open,
        |call| async move { Ok(user_info(&call)) },
    );
}

async fn create(call: Call) -> Result<Reply, Status> {
    if !call.text("token").is_empty() {
        let message = "token-based session creation no longer supported. please upgrade argocd cli to v0.7+";
        return Err(Status::unauthenticated(message));
    }
    let name = call.text("username");
    let settings = call.core.control.settings();
    let checked = call.core.sessions.login.check(name, call.text("password"), &settings).await;
    crate::metrics::count_login(checked.is_ok());
    checked?;
    let lifetime = i64::try_from(settings.session_duration.as_secs()).unwrap_or_default();
    let subject = format!("{name}:login");
    let token =
        call.core.sessions.issue(&subject, &Sessions::new_id(), Some(lifetime), &call.core.control)?;
    Ok(Reply { answer: Answer::One(json!({"token": token})), token: Some(token), renewed: false })
}

fn user_info(call: &Call) -> Reply {
    let known = call.caller.identity().filter(|identity| !identity.user_name.is_empty());
    let value = known.map_or_else(
        || json!({"loggedIn": false}),
        |identity| {
            json!({
                "loggedIn": true,
                "username": identity.user_name,
                "iss": identity.issuer,
                "groups": identity.subject.groups,
            })
        },
    );
    Reply { answer: Answer::One(value), token: None, renewed: false }
}
