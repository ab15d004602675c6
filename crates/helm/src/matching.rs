//! The patterns of Go's filepath.Match, which `.helmignore` and `--show-only` are made of: `*` and `?` stop at `/`, `[a-z]`
//! and `[^a]` are classes, a backslash takes the next character as it is.

/// Whether brackets are closed and nothing ends in a backslash.
pub(crate) fn is_pattern(pattern: &str) -> bool {
    let characters: Vec<char> = pattern.chars().collect();
    let mut at = 0;
    while let Some(c) = characters.get(at) {
        at += match c {
            '\\' if at + 1 == characters.len() => return false,
            '\\' => 2,
            '[' => match class_matches(&characters[at..], 'x') {
                Some((_, length)) => length,
                None => return false,
            },
            _ => 1,
        };
    }
    true
}

/// Whether a pattern fits the whole subject.
pub(crate) fn matches(pattern: &str, subject: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let subject: Vec<char> = subject.chars().collect();
    fits(&pattern, &subject)
}

fn fits(pattern: &[char], subject: &[char]) -> bool {
    let (mut p, mut s) = (0, 0);
    // Where to go on if the text after the last star doesn't fit.
    let mut retry: Option<(usize, usize)> = None;
    loop {
        if p < pattern.len() && pattern[p] == '*' {
            p += 1;
            retry = Some((p, s));
            continue;
        }
        if p == pattern.len() && s == subject.len() {
            return true;
        }
        if let (true, Some(c)) = (p < pattern.len(), subject.get(s)) {
            let step = match pattern[p] {
                '?' => (*c != '/').then_some(1),
                '[' => class_matches(&pattern[p..], *c).and_then(|(fits, length)| fits.then_some(length)),
                '\\' => (pattern.get(p + 1) == Some(c)).then_some(2),
                literal => (literal == *c).then_some(1),
            };
            if let Some(step) = step {
                p += step;
                s += 1;
                continue;
            }
        }
        match retry {
            Some((after_star, from)) if subject.get(from).is_some_and(|c| *c != '/') => {
                p = after_star;
                s = from + 1;
                retry = Some((after_star, s));
            }
            _ => return false,
        }
    }
}

/// Whether `c` is in the class that `pattern` starts with, and how long the class is; `None` if it isn't closed.
fn class_matches(pattern: &[char], c: char) -> Option<(bool, usize)> {
    let mut at = 1;
    let negated = pattern.get(at) == Some(&'^');
    at += usize::from(negated);
    let (mut found, mut members) = (false, 0);
    let literal = |at: &mut usize| -> Option<char> {
        let mut member = *pattern.get(*at)?;
        if member == '\\' {
            *at += 1;
            member = *pattern.get(*at)?;
        } else if member == '-' || member == ']' {
            return None;
        }
        *at += 1;
        Some(member)
    };
    loop {
        if pattern.get(at) == Some(&']') && members > 0 {
            // As in Go, a class may match a slash.
            return Some((found != negated, at + 1));
        }
        let low = literal(&mut at)?;
        let mut high = low;
        if pattern.get(at) == Some(&'-') {
            at += 1;
            high = literal(&mut at)?;
        }
        found |= (low..=high).contains(&c);
        members += 1;
    }
}
