//! The handlers, one file per service. Each file registers its own in [`Handlers`]; what a method takes and gives is
//! told by the definition in `api/`.

mod account;
mod session;
mod settings;
mod version;

use crate::call::Handlers;

/// All handlers.
pub(crate) fn handlers() -> Handlers {
    let mut handlers = Handlers::default();
    account::register(&mut handlers);
    session::register(&mut handlers);
    settings::register(&mut handlers);
    version::register(&mut handlers);
    handlers
}
