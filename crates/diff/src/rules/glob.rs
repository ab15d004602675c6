//! Shell-style patterns as ignore rules use them: `*` crosses slashes, `?`, `[a-z]`, `[!a]`, `{a,b}` and `\` to escape.

/// Matching is abandoned beyond this many steps; no honest pattern comes near.
const MAX_STEPS: usize = 100_000;

/// Whether the whole text matches the pattern.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let mut steps = 0;
    at(&pattern, &text, &mut steps)
}

fn at(pattern: &[char], text: &[char], steps: &mut usize) -> bool {
    *steps += 1;
    if *steps > MAX_STEPS {
        return false;
    }
    let Some((first, rest)) = pattern.split_first() else { return text.is_empty() };
    match first {
        '*' => (0..=text.len()).any(|skipped| at(rest, &text[skipped..], steps)),
        '?' => !text.is_empty() && at(rest, &text[1..], steps),
        '[' => match (rest.iter().position(|c| *c == ']'), text.split_first()) {
            (Some(end), Some((c, text))) => class(&rest[..end], *c) && at(&rest[end + 1..], text, steps),
            _ => false,
        },
        '{' => match rest.iter().position(|c| *c == '}') {
            Some(end) => rest[..end].split(|c| *c == ',').any(|choice| {
                let pattern: Vec<char> = choice.iter().chain(&rest[end + 1..]).copied().collect();
                at(&pattern, text, steps)
            }),
            None => false,
        },
        '\\' if !rest.is_empty() => text.first() == rest.first() && at(&rest[1..], &text[1..], steps),
        c => text.first() == Some(c) && at(rest, &text[1..], steps),
    }
}

fn class(class: &[char], c: char) -> bool {
    let (negated, class) = match class.split_first() {
        Some(('!', rest)) => (true, rest),
        _ => (false, class),
    };
    let found = match class {
        [low, '-', high] => (*low..=*high).contains(&c),
        _ => class.contains(&c),
    };
    found != negated
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn patterns() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("*", "apps/v1", true),
            ("apps", "apps", true),
            ("apps", "app", false),
            ("", "apps", false),
            ("", "", true),
            ("*.example.com", "a.b.example.com", true),
            ("D*t", "Deployment", true),
            ("{Deployment,StatefulSet}", "StatefulSet", true),
            ("[DS]*", "Service", true),
            ("[!D]*", "Deployment", false),
            ("[a-c]x", "bx", true),
            ("Secre?", "Secret", true),
            ("\\*", "*", true),
            ("\\*", "x", false),
            ("[", "x", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
        assert!(!matches(&"*a".repeat(40), &"a".repeat(60).replace("aaa", "ab")));
    }
}
