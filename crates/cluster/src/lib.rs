//! One live cluster: discovery, watches, the compact cache, the resource tree, apply and delete.

pub mod control;
mod error;
mod follow;
mod limiter;
mod patch;
mod request;
mod resource;

pub use control::{Change, ControlEvent, ControlOptions, ControlPlane};
pub use error::{DestinationError, Error};
pub use patch::{DeleteOptions, Patch, Propagation};
pub use request::RequestLimits;
pub use resource::ApiResource;
