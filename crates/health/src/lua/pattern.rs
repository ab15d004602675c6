//! Lua's patterns (reference manual 5.2, § 6.4.1), matched with a budget of steps. Pure.
//!
//! A pattern such as `a*a*a*b` can take any time, and Lua's own matcher cannot be interrupted.

/// Captures of one pattern, as in Lua.
const MAX_CAPTURES: usize = 32;
/// Choices inside of choices while matching, as in Lua.
const MAX_DEPTH: usize = 200;

/// Counts steps; fails when there were enough.
pub(super) trait Steps<E> {
    /// Counts one step.
    fn step(&self) -> Result<(), E>;
    /// An error of the pattern.
    fn fail(&self, message: &str) -> E;
}

/// A set of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Class([u64; 4]);

impl Class {
    const NONE: Self = Self([0; 4]);

    fn of(matches: impl Fn(u8) -> bool) -> Self {
        let mut class = Self::NONE;
        (0..=u8::MAX).filter(|byte| matches(*byte)).for_each(|byte| class.add(byte));
        class
    }

    fn add(&mut self, byte: u8) {
        self.0[usize::from(byte >> 6)] |= 1 << (byte & 63);
    }

    fn join(&mut self, other: Self) {
        self.0.iter_mut().zip(other.0).for_each(|(mine, theirs)| *mine |= theirs);
    }

    fn reversed(self) -> Self {
        Self(self.0.map(|bits| !bits))
    }

    fn has(&self, byte: u8) -> bool {
        self.0[usize::from(byte >> 6)] >> (byte & 63) & 1 == 1
    }

    /// What `%` and a character mean; a character that names no class means itself.
    fn escaped(name: u8) -> Self {
        let class = match name.to_ascii_lowercase() {
            b'a' => Self::of(|byte| byte.is_ascii_alphabetic()),
            b'c' => Self::of(|byte| byte.is_ascii_control()),
            b'd' => Self::of(|byte| byte.is_ascii_digit()),
            b'g' => Self::of(|byte| byte.is_ascii_graphic()),
            b'l' => Self::of(|byte| byte.is_ascii_lowercase()),
            b'p' => Self::of(|byte| byte.is_ascii_punctuation()),
            b's' => Self::of(|byte| matches!(byte, b' ' | b'\t'..=b'\r')),
            b'u' => Self::of(|byte| byte.is_ascii_uppercase()),
            b'w' => Self::of(|byte| byte.is_ascii_alphanumeric()),
            b'x' => Self::of(|byte| byte.is_ascii_hexdigit()),
            b'z' => Self::of(|byte| byte == 0),
            _ => return Self::of(|byte| byte == name),
        };
        if name.is_ascii_uppercase() { class.reversed() } else { class }
    }
}

/// How often a class has to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Repeat {
    Once,
    Perhaps,
    /// As often as possible, at least so often.
    Most(usize),
    /// As rarely as possible.
    Least,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Item {
    Some(Class, Repeat),
    Open(usize),
    Position(usize),
    Close(usize),
    Again(usize),
    Balanced(u8, u8),
    Frontier(Class),
    End,
}

/// A pattern that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern {
    items: Vec<Item>,
    captures: usize,
    /// Whether it holds at the beginning only.
    pub(super) anchored: bool,
}

/// What a capture holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Capture {
    /// The bytes from one place to another.
    Text(usize, usize),
    /// A place, counted from 0.
    Position(usize),
}

/// One match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) captures: Vec<Capture>,
}

impl Pattern {
    /// Reads a pattern. With `anchors`, a `^` at its beginning is an anchor.
    pub(super) fn read(text: &[u8], anchors: bool) -> Result<Self, &'static str> {
        let anchored = anchors && text.first() == Some(&b'^');
        let mut rest = if anchored { &text[1..] } else { text };
        let (mut items, mut captures, mut open) = (Vec::new(), 0, Vec::new());
        while let Some((&first, after)) = rest.split_first() {
            rest = after;
            let class = match (first, after) {
                (b'(', _) => {
                    if captures == MAX_CAPTURES {
                        return Err("too many captures");
                    }
                    if let Some(after) = after.strip_prefix(b")") {
                        rest = after;
                        items.push(Item::Position(captures));
                    } else {
                        open.push(captures);
                        items.push(Item::Open(captures));
                    }
                    captures += 1;
                    continue;
                }
                (b')', _) => {
                    items.push(Item::Close(open.pop().ok_or("invalid pattern capture")?));
                    continue;
                }
                (b'$', []) => {
                    items.push(Item::End);
                    continue;
                }
                (b'%', []) => return Err("malformed pattern (ends with '%')"),
                (b'%', [b'b', pair @ ..]) => {
                    let [begin, end, after @ ..] = pair else {
                        return Err("malformed pattern (missing arguments to '%b')");
                    };
                    rest = after;
                    items.push(Item::Balanced(*begin, *end));
                    continue;
                }
                (b'%', [b'f', after @ ..]) => {
                    let set = after.strip_prefix(b"[").ok_or("missing '[' after '%f' in pattern")?;
                    let (class, after) = read_set(set)?;
                    rest = after;
                    items.push(Item::Frontier(class));
                    continue;
                }
                (b'%', [digit @ b'0'..=b'9', after @ ..]) => {
                    let index = usize::from(digit - b'0').checked_sub(1);
                    let index = index.filter(|index| *index < captures && !open.contains(index));
                    rest = after;
                    items.push(Item::Again(index.ok_or("invalid capture index")?));
                    continue;
                }
                (b'%', [name, after @ ..]) => {
                    rest = after;
                    Class::escaped(*name)
                }
                (b'[', _) => {
                    let (class, after) = read_set(after)?;
                    rest = after;
                    class
                }
                (b'.', _) => Class::NONE.reversed(),
                (byte, _) => Class::of(|other| other == byte),
            };
            let (repeat, length) = match rest.first() {
                Some(b'?') => (Repeat::Perhaps, 1),
                Some(b'*') => (Repeat::Most(0), 1),
                Some(b'+') => (Repeat::Most(1), 1),
                Some(b'-') => (Repeat::Least, 1),
                _ => (Repeat::Once, 0),
            };
            rest = &rest[length..];
            items.push(Item::Some(class, repeat));
        }
        if open.is_empty() { Ok(Self { items, captures, anchored }) } else { Err("unfinished capture") }
    }

    /// The first match in `text` that begins at `from` or, unless the pattern is anchored, later.
    pub(super) fn find<E>(&self, text: &[u8], from: usize, steps: &dyn Steps<E>) -> Result<Option<Found>, E> {
        for start in from..=text.len() {
            if let Some(found) = self.matches(text, start, steps)? {
                return Ok(Some(found));
            }
            if self.anchored {
                break;
            }
        }
        Ok(None)
    }

    /// The match that begins at `start`.
    pub(super) fn matches<E>(
        &self,
        text: &[u8],
        start: usize,
        steps: &dyn Steps<E>,
    ) -> Result<Option<Found>, E> {
        let captures = vec![Capture::Text(0, 0); self.captures];
        let mut matcher = Matcher { pattern: self, text, captures, depth: 0, steps };
        let end = matcher.run(start, 0)?;
        Ok(end.map(|end| Found { start, end, captures: matcher.captures }))
    }
}

/// Reads a set behind its `[`, up to and with its `]`.
fn read_set(text: &[u8]) -> Result<(Class, &[u8]), &'static str> {
    const UNFINISHED: &str = "malformed pattern (missing ']')";
    let (reversed, mut rest) = match text.strip_prefix(b"^") {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let mut class = Class::NONE;
    let mut is_first = true;
    loop {
        match rest {
            [] => return Err(UNFINISHED),
            // A bracket right at the beginning is one of the set.
            [b']', after @ ..] if !is_first => {
                return Ok((if reversed { class.reversed() } else { class }, after));
            }
            [b'%', name, after @ ..] => {
                class.join(Class::escaped(*name));
                rest = after;
            }
            [begin, b'-', end, after @ ..] if *end != b']' => {
                (*begin..=*end).for_each(|byte| class.add(byte));
                rest = after;
            }
            [byte, after @ ..] => {
                class.add(*byte);
                rest = after;
            }
        }
        is_first = false;
    }
}

struct Matcher<'a, E> {
    pattern: &'a Pattern,
    text: &'a [u8],
    captures: Vec<Capture>,
    depth: usize,
    steps: &'a dyn Steps<E>,
}

impl<E> Matcher<'_, E> {
    fn fits(&self, class: &Class, at: usize) -> bool {
        self.text.get(at).is_some_and(|byte| class.has(*byte))
    }

    /// Where the items from `item` on end, when they match at `at`.
    fn run(&mut self, mut at: usize, mut item: usize) -> Result<Option<usize>, E> {
        let pattern = self.pattern;
        loop {
            self.steps.step()?;
            let Some(current) = pattern.items.get(item) else { return Ok(Some(at)) };
            item += 1;
            let next = match current {
                Item::Some(class, Repeat::Once) => self.fits(class, at).then_some(at + 1),
                Item::Some(class, Repeat::Perhaps) => {
                    if self.fits(class, at)
                        && let Some(end) = self.choose(at + 1, item)?
                    {
                        return Ok(Some(end));
                    }
                    Some(at)
                }
                Item::Some(class, Repeat::Most(least)) => return self.most(class, *least, at, item),
                Item::Some(class, Repeat::Least) => loop {
                    let end = self.choose(at, item)?;
                    if end.is_some() || !self.fits(class, at) {
                        return Ok(end);
                    }
                    at += 1;
                },
                Item::Open(index) => return self.capture(*index, Capture::Text(at, at), at, item),
                Item::Position(index) => return self.capture(*index, Capture::Position(at), at, item),
                Item::Close(index) => {
                    let Capture::Text(start, _) = self.captures[*index] else { return Ok(None) };
                    return self.capture(*index, Capture::Text(start, at), at, item);
                }
                Item::Again(index) => match self.captures[*index] {
                    Capture::Text(start, end) => {
                        let wanted = self.text.get(start..end).unwrap_or_default();
                        self.text[at..].starts_with(wanted).then_some(at + wanted.len())
                    }
                    Capture::Position(_) => return Err(self.steps.fail("invalid capture index")),
                },
                Item::Balanced(begin, end) => self.balanced(*begin, *end, at)?,
                Item::Frontier(class) => {
                    let before = at.checked_sub(1).and_then(|before| self.text.get(before)).copied();
                    let here = self.text.get(at).copied().unwrap_or_default();
                    (!class.has(before.unwrap_or_default()) && class.has(here)).then_some(at)
                }
                Item::End => (at == self.text.len()).then_some(at),
            };
            match next {
                Some(next) => at = next,
                None => return Ok(None),
            }
        }
    }

    /// Tries how it goes on from a place.
    fn choose(&mut self, at: usize, item: usize) -> Result<Option<usize>, E> {
        if self.depth == MAX_DEPTH {
            return Err(self.steps.fail("pattern too complex"));
        }
        self.depth += 1;
        let end = self.run(at, item);
        self.depth -= 1;
        end
    }

    fn most(&mut self, class: &Class, least: usize, at: usize, item: usize) -> Result<Option<usize>, E> {
        let mut count = 0;
        while self.fits(class, at + count) {
            self.steps.step()?;
            count += 1;
        }
        while count >= least {
            if let Some(end) = self.choose(at + count, item)? {
                return Ok(Some(end));
            }
            let Some(fewer) = count.checked_sub(1) else { break };
            count = fewer;
        }
        Ok(None)
    }

    /// Goes on with a capture that is taken back when that leads nowhere.
    fn capture(
        &mut self,
        index: usize,
        capture: Capture,
        at: usize,
        item: usize,
    ) -> Result<Option<usize>, E> {
        let before = std::mem::replace(&mut self.captures[index], capture);
        let end = self.choose(at, item)?;
        if end.is_none() {
            self.captures[index] = before;
        }
        Ok(end)
    }

    fn balanced(&self, begin: u8, end: u8, at: usize) -> Result<Option<usize>, E> {
        if self.text.get(at) != Some(&begin) {
            return Ok(None);
        }
        let mut depth = 1_usize;
        for (offset, byte) in self.text[at + 1..].iter().enumerate() {
            self.steps.step()?;
            if *byte == end {
                depth -= 1;
                if depth == 0 {
                    return Ok(Some(at + offset + 2));
                }
            } else if *byte == begin {
                depth += 1;
            }
        }
        Ok(None)
    }
}
