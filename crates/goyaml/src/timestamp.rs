//! The dates that Go's YAML library takes for timestamps. They are read as text all the same, but text that looks
//! like one is quoted when written.

/// Takes one number of one or two digits off the front (exactly two if `fixed`).
fn number(text: &mut &str, fixed: bool) -> Option<u32> {
    let digits = text.bytes().take(2).take_while(u8::is_ascii_digit).count();
    if digits == 0 || (fixed && digits != 2) {
        return None;
    }
    let (head, rest) = text.split_at(digits);
    *text = rest;
    head.parse().ok()
}

fn literal(text: &mut &str, expected: char) -> Option<()> {
    *text = text.strip_prefix(expected)?;
    Some(())
}

fn days_in(month: u32, year: u32) -> u32 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn zone(text: &mut &str) -> Option<()> {
    if let Some(rest) = text.strip_prefix('Z') {
        *text = rest;
        return Some(());
    }
    *text = text.strip_prefix(['+', '-'])?;
    let hours = number(text, true)?;
    literal(text, ':')?;
    let minutes = number(text, true)?;
    (hours <= 24 && minutes < 60).then_some(())
}

fn clock(text: &mut &str) -> Option<()> {
    let hour = number(text, false)?;
    literal(text, ':')?;
    let minute = number(text, false)?;
    literal(text, ':')?;
    let second = number(text, false)?;
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    if let Some(fraction) = text.strip_prefix(['.', ','])
        && fraction.starts_with(|c: char| c.is_ascii_digit())
    {
        *text = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
    }
    Some(())
}

fn parse(mut text: &str) -> Option<()> {
    let text = &mut text;
    if text.len() < 5 || !text.bytes().take(4).all(|b| b.is_ascii_digit()) {
        return None;
    }
    let (year, rest) = text.split_at(4);
    let year: u32 = year.parse().ok()?;
    *text = rest;
    literal(text, '-')?;
    let month = number(text, false)?;
    literal(text, '-')?;
    let day = number(text, false)?;
    if !(1..=12).contains(&month) || !(1..=days_in(month, year)).contains(&day) {
        return None;
    }
    if text.is_empty() {
        return Some(());
    }
    if let Some(rest) = text.strip_prefix(' ') {
        *text = rest.trim_start_matches(' ');
        clock(text)?;
    } else {
        *text = text.strip_prefix(['T', 't'])?;
        clock(text)?;
        zone(text)?;
    }
    text.is_empty().then_some(())
}

pub(crate) fn is_timestamp(text: &str) -> bool {
    parse(text).is_some()
}
