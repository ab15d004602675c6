//! The handlers, one file per service. Each file registers its own in [`Handlers`]; what a method takes and gives is
//! told by the definition in `api/`.

mod account;
mod application;
mod applicationset;
mod cluster;
mod events;
mod links;
mod mask;
mod project;
mod records;
mod repocreds;
mod repository;
pub(crate) mod selector;
mod session;
mod settings;
mod trust;
mod version;
mod watch;

use crate::call::Handlers;

/// All handlers.
pub(crate) fn handlers() -> Handlers {
    let mut handlers = Handlers::default();
    account::register(&mut handlers);
    application::register(&mut handlers);
    applicationset::register(&mut handlers);
    cluster::register(&mut handlers);
    project::register(&mut handlers);
    repocreds::register(&mut handlers);
    repository::register(&mut handlers);
    session::register(&mut handlers);
    settings::register(&mut handlers);
    trust::register(&mut handlers);
    version::register(&mut handlers);
    handlers
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_handler_is_a_method_of_the_definition() {
        let api = crate::api::Api::load().unwrap();
        for name in super::handlers().names() {
            assert!(api.method(name).is_some(), "{name}");
        }
    }
}
