//! How deeply a program text nests, before it is parsed: the library's parser and analyzer recurse into expressions, and
//! a stack that overflows ends the process.

use rsjsonnet_lang::arena::Arena;
use rsjsonnet_lang::interner::StrInterner;
use rsjsonnet_lang::lexer::Lexer;
use rsjsonnet_lang::span::SpanManager;
use rsjsonnet_lang::token::{STokenKind as Simple, TokenKind};

/// Levels of nesting that [`crate::STACK_BYTES`] is enough for, with room to spare.
pub(crate) const MAX_NESTING: usize = 1000;
/// Operators in one expression, which nest more cheaply.
const MAX_OPERATORS: usize = 20_000;

/// What may nest inside one pair of brackets.
#[derive(Default, Clone, Copy)]
struct Group {
    /// `local`s, each of which holds all that follows.
    locals: usize,
    /// `if`, `function`, `error` and the like, each of which holds the rest of its expression.
    prefixes: usize,
    /// Selections and calls in a row, each of which holds what is before it.
    suffixes: usize,
    operators: usize,
}

impl Group {
    fn depth(&self) -> usize {
        1 + self.locals + self.prefixes + self.suffixes
    }
}

/// Whether the text nests too deeply. A text that cannot even be split into words does not: the parser will say why.
pub(crate) fn too_deep(text: &[u8]) -> bool {
    let (arena, words) = (Arena::new(), Arena::new());
    let interner = StrInterner::new();
    let mut spans = SpanManager::new();
    let (context, _) = spans.insert_source_context(text.len());
    let mut lexer = Lexer::new(&arena, &words, &interner, &mut spans, context, text);
    let mut groups = vec![Group::default()];
    let mut outer_depth = 0;
    loop {
        let Ok(token) = lexer.next_token() else { return false };
        let Some(group) = groups.last_mut() else { return false };
        match token.kind {
            TokenKind::EndOfFile => return false,
            TokenKind::Simple(Simple::LeftParen | Simple::LeftBracket | Simple::LeftBrace) => {
                group.suffixes += 1;
                outer_depth += group.depth();
                groups.push(Group::default());
            }
            TokenKind::Simple(Simple::RightParen | Simple::RightBracket | Simple::RightBrace) => {
                groups.pop();
                let Some(outer) = groups.last() else { return false };
                outer_depth -= outer.depth();
            }
            TokenKind::Simple(Simple::Comma) => *group = Group::default(),
            TokenKind::Simple(Simple::Semicolon) => {
                *group = Group { locals: group.locals, ..Group::default() };
            }
            TokenKind::Simple(Simple::Local | Simple::Assert) => group.locals += 1,
            TokenKind::Simple(
                Simple::If | Simple::Else | Simple::Function | Simple::Error | Simple::Import | Simple::For,
            ) => group.prefixes += 1,
            TokenKind::Simple(Simple::Dot) => group.suffixes += 1,
            TokenKind::Whitespace | TokenKind::Comment | TokenKind::Ident(_) => {}
            TokenKind::Simple(_) | TokenKind::OtherOp(_) => {
                group.suffixes = 0;
                group.operators += 1;
            }
            TokenKind::Number(_) | TokenKind::String(_) | TokenKind::TextBlock(_) => {}
        }
        let Some(group) = groups.last() else { return false };
        if outer_depth + group.depth() > MAX_NESTING || group.operators > MAX_OPERATORS {
            return true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nesting_is_told_from_length() {
        for (open, close) in [
            ("[", "]"),
            ("{a:", "}"),
            ("(", ")"),
            ("if true then ", ""),
            ("function(x) ", ""),
            ("local x = 1; ", ""),
            ("error ", ""),
            ("x.", ""),
            ("x(", ")"),
        ] {
            let text = |count: usize| format!("{}1{}", open.repeat(count), close.repeat(count));
            assert!(too_deep(text(1100).as_bytes()), "{open}");
            assert!(!too_deep(text(300).as_bytes()), "{open}");
        }
        for long in [
            format!("[{}]", "{ a: x.y.z(1), b: if c then d else e }, ".repeat(5000)),
            format!("{}1", "x.y + ".repeat(5000)),
            format!("{}x", "assert_.a(1) + ".repeat(5000)),
        ] {
            assert!(!too_deep(long.as_bytes()), "{}", &long[..40]);
        }
        assert!(too_deep(format!("{}1", "- ".repeat(30_000)).as_bytes()));
        assert!(!too_deep(b"}}}}") && !too_deep(b"\"open"));
    }
}
