//! Two texts compared as the program `diff` does in its normal format.

use similar::{DiffOp, TextDiff};

/// What has to change in `old` to become `new`; empty when they are equal.
pub fn normal_diff(old: &str, new: &str) -> String {
    let diff = TextDiff::from_lines(old, new);
    let mut text = String::new();
    for op in diff.ops() {
        let (old_range, new_range) = (op.old_range(), op.new_range());
        // A place between lines is named by the line before it, counted from one.
        let name = |range: &std::ops::Range<usize>| match range.len() {
            0 => range.start.to_string(),
            1 => (range.start + 1).to_string(),
            _ => format!("{},{}", range.start + 1, range.end),
        };
        let letter = match op {
            DiffOp::Equal { .. } => continue,
            DiffOp::Delete { .. } => 'd',
            DiffOp::Insert { .. } => 'a',
            DiffOp::Replace { .. } => 'c',
        };
        text.push_str(&format!("{}{letter}{}\n", name(&old_range), name(&new_range)));
        for line in old_range.filter_map(|line| diff.old_slice(line)) {
            push_line(&mut text, "< ", line);
        }
        if letter == 'c' {
            text.push_str("---\n");
        }
        for line in new_range.filter_map(|line| diff.new_slice(line)) {
            push_line(&mut text, "> ", line);
        }
    }
    text
}

fn push_line(text: &mut String, mark: &str, line: &str) {
    text.push_str(mark);
    text.push_str(line);
    if !line.ends_with('\n') {
        text.push_str("\n\\ No newline at end of file\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    #[test]
    fn differences_read_like_those_of_diff() {
        expect![[r#"
            2c2
            < b
            ---
            > B
            4a5,6
            > e
            > f
        "#]]
        .assert_eq(&normal_diff("a\nb\nc\nd\n", "a\nB\nc\nd\ne\nf\n"));
        expect![[r#"
            1,2d0
            < a
            < b
        "#]]
        .assert_eq(&normal_diff("a\nb\nc\n", "c\n"));
        assert_eq!(normal_diff("a\n", "a\n"), "");
    }
}
