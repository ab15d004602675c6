//! The shared immutable list. Templates can't change a Go slice in place, so sharing needs no lock.
//!
//! Neighbors: `map.rs` is its mutable sibling; both free deep nests without recursion (see [`super::map::release`]).

use std::sync::Arc;

use super::Value;
use super::map::release;

/// The element type of a Go slice; only visible through `typeOf`, `deepEqual` and parameter checks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ListType {
    /// `[]interface {}`
    #[default]
    Any,
    /// `[]string`
    String,
    /// `[]int`
    Int,
    /// `[][]interface {}`
    List,
    /// `[]map[string]interface {}`
    Map,
}

/// A shared list.
#[derive(Clone, Default)]
pub struct List(Arc<Items>);

#[derive(Default)]
struct Items {
    list_type: ListType,
    nil: bool,
    values: Vec<Value>,
}

impl Drop for Items {
    fn drop(&mut self) {
        release(std::mem::take(&mut self.values));
    }
}

impl List {
    /// A list of any values.
    #[must_use]
    pub fn new(values: Vec<Value>) -> List {
        List::typed(ListType::Any, values)
    }

    /// A list whose Go type has the given element type.
    #[must_use]
    pub fn typed(list_type: ListType, values: Vec<Value>) -> List {
        List(Arc::new(Items { list_type, nil: false, values }))
    }

    /// Go's nil slice: empty, but `null` in JSON.
    #[must_use]
    pub fn nil(list_type: ListType) -> List {
        List(Arc::new(Items { list_type, nil: true, values: Vec::new() }))
    }

    /// Whether this is a nil slice.
    #[must_use]
    pub fn is_nil(&self) -> bool {
        self.0.nil
    }

    /// The element type.
    #[must_use]
    pub fn list_type(&self) -> ListType {
        self.0.list_type
    }

    /// Whether both are the very same list.
    #[must_use]
    pub fn ptr_eq(&self, other: &List) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// The only owner's elements, to free them without recursion.
    pub(super) fn into_values(self) -> Option<Vec<Value>> {
        Arc::into_inner(self.0).map(|mut items| std::mem::take(&mut items.values))
    }
}

impl std::ops::Deref for List {
    type Target = [Value];

    fn deref(&self) -> &[Value] {
        &self.0.values
    }
}

impl FromIterator<Value> for List {
    fn from_iter<I: IntoIterator<Item = Value>>(values: I) -> List {
        List::new(values.into_iter().collect())
    }
}
