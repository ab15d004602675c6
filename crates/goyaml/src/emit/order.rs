//! The order in which go-yaml writes keys: as a person would count, `a9` before `a10`.

use std::cmp::Ordering;

/// The two generations of go-yaml's key order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyOrder {
    /// go-yaml v2: letters come after everything else.
    V2,
    /// go-yaml v3: the same, but right behind a digit letters come first.
    V3,
}

/// Compares two keys as go-yaml v2 does: letters come after everything else; runs of digits compare as numbers.
pub fn natural_order(a: &str, b: &str) -> Ordering {
    KeyOrder::V2.compare(a, b)
}

impl KeyOrder {
    /// Compares two keys.
    pub fn compare(self, a: &str, b: &str) -> Ordering {
        compare(self, a, b)
    }

    /// Sorts things by their keys.
    // A merge sort of our own, because the order isn't transitive for every odd key, and the standard sort
    // may panic on such orders.
    pub fn sort<T>(self, items: Vec<T>, key: &impl Fn(&T) -> &str) -> Vec<T> {
        let in_order = |pair: &[T]| !self.compare(key(&pair[1]), key(&pair[0])).is_lt();
        if items.windows(2).all(in_order) {
            return items;
        }
        let mut left = items;
        let right = left.split_off(left.len() / 2);
        let mut left = self.sort(left, key).into_iter().peekable();
        let mut right = self.sort(right, key).into_iter().peekable();
        let mut out = Vec::with_capacity(left.len() + right.len());
        while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
            let first = if self.compare(key(b), key(a)).is_lt() { right.next() } else { left.next() };
            out.extend(first);
        }
        out.extend(left);
        out.extend(right);
        out
    }
}

fn compare(order: KeyOrder, a: &str, b: &str) -> Ordering {
    if a == b {
        return Ordering::Equal;
    }
    if a.is_ascii() && b.is_ascii() {
        return compare_characters(order, a.as_bytes(), b.as_bytes());
    }
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    compare_characters(order, &a, &b)
}

/// Compares texts as slices of something that is a character each.
fn compare_characters<C: Copy + PartialEq + Into<char>>(order: KeyOrder, a: &[C], b: &[C]) -> Ordering {
    let Some(at) = a.iter().zip(b).position(|(x, y)| x != y) else { return a.len().cmp(&b.len()) };
    let (x, y): (char, char) = (a[at].into(), b[at].into());
    match (x.is_alphabetic(), y.is_alphabetic()) {
        (true, true) => return x.cmp(&y),
        (letter, other) if letter != other => {
            let after_digit = at > 0 && a[at - 1].into().is_ascii_digit() && order == KeyOrder::V3;
            return if letter == after_digit { Ordering::Less } else { Ordering::Greater };
        }
        _ => {}
    }
    // Digits before the difference belong to the number, too: only that they are not all zeros matters.
    let led = (x == '0' || y == '0')
        && a[..at].iter().rev().map(|c| (*c).into()).take_while(char::is_ascii_digit).any(|c| c != '0');
    let number = |text: &[C]| {
        let digits = text[at..].iter().map_while(|c| (*c).into().to_digit(10)).map(i64::from);
        let count = digits.clone().count();
        (digits.fold(i64::from(led), |n, d| n.wrapping_mul(10).wrapping_add(d)), count)
    };
    let ((x_value, x_length), (y_value, y_length)) = (number(a), number(b));
    x_value.cmp(&y_value).then(x_length.cmp(&y_length)).then(x.cmp(&y))
}

/// Sorts things by their keys in [`natural_order`].
pub fn sort_naturally<T>(items: Vec<T>, key: &impl Fn(&T) -> &str) -> Vec<T> {
    KeyOrder::V2.sort(items, key)
}
