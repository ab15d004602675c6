//! The lines of a policy: `p, subject, resource, action, object, effect` and `g, member, role`.

/// Why a policy cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// A line has not the columns that its kind needs.
    #[error("policy line {line}: {text:?} has {found} columns, but a {kind:?} line has {wanted}")]
    Columns {
        /// The line's number, from 1.
        line: usize,
        /// The line.
        text: String,
        /// `p` or `g`.
        kind: &'static str,
        /// How many columns there are.
        found: usize,
        /// How many there must be.
        wanted: usize,
    },
    /// A line begins with neither `p` nor `g`.
    #[error("policy line {line}: {text:?} begins with neither p nor g")]
    Kind {
        /// The line's number, from 1.
        line: usize,
        /// The line.
        text: String,
    },
    /// A rule neither allows nor denies.
    #[error("policy line {line}: the effect {effect:?} is neither allow nor deny")]
    Effect {
        /// The line's number, from 1.
        line: usize,
        /// The last column.
        effect: String,
    },
}

/// One line of a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Line {
    Rule { subject: String, resource: String, action: String, object: String, allow: bool },
    Group { member: String, role: String },
}

/// The lines of a policy that are neither empty nor comments.
pub(super) fn lines(text: &str) -> impl Iterator<Item = Result<Line, PolicyError>> {
    text.lines().enumerate().filter_map(|(index, line)| {
        let line = line.trim();
        (!line.is_empty() && !line.starts_with('#')).then(|| parse(index + 1, line))
    })
}

fn parse(line: usize, text: &str) -> Result<Line, PolicyError> {
    let columns = columns(text);
    let wrong = |kind, wanted| PolicyError::Columns {
        line,
        text: text.to_owned(),
        kind,
        found: columns.len(),
        wanted,
    };
    match columns.first().map(String::as_str) {
        Some("p") => {
            let [_, subject, resource, action, object, effect] = columns.as_slice() else {
                return Err(wrong("p", 6));
            };
            let allow = match effect.as_str() {
                "allow" => true,
                "deny" => false,
                other => return Err(PolicyError::Effect { line, effect: other.to_owned() }),
            };
            Ok(Line::Rule {
                subject: subject.clone(),
                resource: resource.clone(),
                action: action.clone(),
                object: object.clone(),
                allow,
            })
        }
        Some("g") => {
            let [_, member, role] = columns.as_slice() else {
                return Err(wrong("g", 3));
            };
            Ok(Line::Group { member: member.clone(), role: role.clone() })
        }
        _ => Err(PolicyError::Kind { line, text: text.to_owned() }),
    }
}

/// The columns of one line: separated by commas, blanks around them dropped, `"…"` quotes a comma and `""` a quote.
fn columns(text: &str) -> Vec<String> {
    let mut columns = Vec::new();
    let mut characters = text.chars().peekable();
    loop {
        while characters.next_if(|character| character.is_whitespace()).is_some() {}
        let mut column = String::new();
        if characters.next_if_eq(&'"').is_some() {
            while let Some(character) = characters.next() {
                if character != '"' {
                    column.push(character);
                } else if characters.next_if_eq(&'"').is_some() {
                    column.push('"');
                } else {
                    break;
                }
            }
        }
        while let Some(character) = characters.next_if(|character| *character != ',') {
            column.push(character);
        }
        columns.push(column.trim_end().to_owned());
        if characters.next().is_none() {
            return columns;
        }
    }
}
