//! Finds text that looks like a key or a password. It must not be part of links, run files and saved programs, so a
//! [`PLACEHOLDER`] is written instead. Programs run with their own text.
//!
//! Two things look like a key: text that begins as the keys of a well-known service do (`sk-…`), and a long text without
//! words beside a name such as `api_key` or `token`. Hashes and base64 alone do not.

use std::borrow::Cow;
use std::ops::Range;

use crate::python::program_files::{Content, ProgramFile, ProgramFiles};

/// The text that is written in place of a key.
pub const PLACEHOLDER: &str = "KEY-REMOVED";

/// The beginnings of well-known keys, and the minimum number of characters after them.
const BEGINNINGS: [(&str, usize); 24] = [
    ("sk-", 16),
    ("sk_live_", 16),
    ("sk_test_", 16),
    ("rk_live_", 16),
    ("gsk_", 20),
    ("hf_", 20),
    ("ghp_", 20),
    ("gho_", 20),
    ("ghu_", 20),
    ("ghs_", 20),
    ("ghr_", 20),
    ("github_pat_", 20),
    ("glpat-", 16),
    ("xoxb-", 16),
    ("xoxp-", 16),
    ("xapp-", 16),
    ("AIza", 30),
    ("r8_", 20),
    ("nvapi-", 20),
    ("pplx-", 20),
    ("pypi-", 30),
    ("npm_", 30),
    ("dckr_pat_", 16),
    ("SG.", 30),
];

/// The words of a name beside which a key is expected. The last three also mean a password, which may be short.
const WORDS: [&str; 10] =
    ["token", "apikey", "authorization", "bearer", "credential", "credentials", "secret", "password", "passwd", "pwd"];
const PASSWORDS: [&str; 4] = ["secret", "password", "passwd", "pwd"];

/// The words that make the name of a key together with the word `key` after them.
const BEFORE_KEY: [&str; 7] = ["api", "access", "private", "secret", "auth", "signing", "encryption"];

/// A key is at most this far from its name, in bytes.
const FARTHEST: usize = 120;

/// The minimum length of a key beside a name, and that of a password.
const SHORTEST_KEY: usize = 16;
const SHORTEST_PASSWORD: usize = 8;

/// The places of everything in a text that looks like a key, in order and apart from each other.
#[must_use]
pub fn find(text: &str) -> Vec<Range<usize>> {
    let mut found = private_keys(text);
    found.extend(in_addresses(text));
    let mut name: Option<Name> = None;
    let mut end_of_last = 0;
    for run in runs(text) {
        let between = &text[end_of_last..run.start];
        // Only the value itself may be on the next line.
        name = name.filter(|it| !between.contains('\n') || it.end == end_of_last);
        name = name.filter(|it| run.start - it.end <= FARTHEST);
        let is_quoted = is_quoted(text, &run) || name.is_some_and(|it| it.is_scheme && it.end == end_of_last);
        end_of_last = run.end;
        let token = &text[run.clone()];
        if let Some(key) = known_key(token) {
            found.push(run.start + key.start..run.start + key.end);
        } else if let Some(words) = key_words(token) {
            if words.is_password {
                found.extend(password_after(text, run.end));
            }
            name = Some(Name { end: run.end, is_scheme: words.is_scheme });
        } else if name.is_some() && is_random(token, is_quoted) && !is_called(text, run.end) {
            found.push(run);
        }
    }
    apart(found)
}

/// The text with a [`PLACEHOLDER`] in place of each key, and the number of keys.
#[must_use]
pub fn masked(text: &str) -> (Cow<'_, str>, usize) {
    let found = find(text);
    if found.is_empty() {
        return (Cow::Borrowed(text), 0);
    }
    let mut masked = String::with_capacity(text.len());
    let mut end = 0;
    for key in &found {
        masked += &text[end..key.start];
        masked += PLACEHOLDER;
        end = key.end;
    }
    masked += &text[end..];
    (Cow::Owned(masked), found.len())
}

/// The program without its keys, and the number of keys.
#[must_use]
pub fn without_keys(program: &ProgramFiles) -> (ProgramFiles, usize) {
    let mut sum = 0;
    let mut mask = |text: &str| {
        let (masked, count) = masked(text);
        sum += count;
        (count > 0).then(|| masked.into_owned())
    };
    let file = |file: &ProgramFile| match file.content.text().and_then(&mut mask) {
        Some(text) => ProgramFile { content: Content::Text(text.into()), ..file.clone() },
        None => file.clone(),
    };
    let files = program.files().iter().map(file).collect();
    let arguments = mask(program.arguments());
    if sum == 0 {
        return (program.clone(), 0);
    }
    // Many placeholders can be longer than what they replace.
    let masked = ProgramFiles::new(files, arguments.as_deref().unwrap_or(program.arguments()));
    (masked.unwrap_or_else(|_| ProgramFiles::of_one_file("")), sum)
}

/// The keys of a program, each once, the longest first. Without those that might also be an ordinary word.
#[must_use]
pub fn keys(program: &ProgramFiles) -> Vec<String> {
    keys_in(program.files().iter().filter_map(|file| file.content.text()).chain([program.arguments()]))
}

/// The keys in some texts, as in [`keys`].
#[must_use]
pub fn keys_in<'a>(texts: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut keys: Vec<String> = texts.flat_map(|text| find(text).into_iter().map(|key| text[key].to_owned())).collect();
    keys.retain(|key| key.len() >= SHORTEST_PASSWORD && has_digit(key) && has_letter(key));
    // A longer key may contain a shorter one.
    keys.sort_unstable_by_key(|key| (std::cmp::Reverse(key.len()), key.clone()));
    keys.dedup();
    keys
}

/// The minimum length of the value of a variable that is taken for a key because of its name.
const SHORTEST_VALUE: usize = 4;

/// True if the value of a variable looks like a key, or if its name says that it is one.
#[must_use]
pub fn is_key(name: &str, value: &str) -> bool {
    value.len() >= SHORTEST_VALUE && (key_words(name).is_some() || !find(value).is_empty())
}

/// A name beside which a key is expected.
#[derive(Clone, Copy)]
struct Name {
    end: usize,
    /// True for `Bearer`: the key follows without a quote.
    is_scheme: bool,
}

struct KeyWords {
    is_scheme: bool,
    is_password: bool,
}

/// The longest stretches of characters that keys and names consist of.
fn runs(text: &str) -> impl Iterator<Item = Range<usize>> {
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + bytes[at..].iter().position(|byte| is_part(*byte))?;
        let length = bytes[start..].iter().position(|byte| !is_part(*byte)).unwrap_or(bytes.len() - start);
        at = start + length;
        // The padding of base64.
        let padding = bytes[at..].iter().take(2).take_while(|byte| **byte == b'=').count();
        let is_end = matches!(bytes.get(at + padding), Some(b'"' | b'\''));
        Some(start..if is_end { at + padding } else { at })
    })
}

fn is_part(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'+' | b'/' | b'.' | b'~')
}

fn is_quoted(text: &str, run: &Range<usize>) -> bool {
    let bytes = text.as_bytes();
    let is_quote = |byte: Option<&u8>| matches!(byte, Some(b'"' | b'\''));
    is_quote(bytes[..run.start].last()) && is_quote(bytes.get(run.end))
}

/// True if a name in a program is called, indexed or assigned here.
fn is_called(text: &str, end: usize) -> bool {
    let rest = text[end..].trim_start_matches(' ');
    rest.starts_with(['(', '[']) || (rest.starts_with('=') && !rest.starts_with("=="))
}

/// The key that a well-known service issues, inside a run.
fn known_key(run: &str) -> Option<Range<usize>> {
    // In an address, a key follows a slash.
    let start = run.rfind('/').map_or(0, |slash| slash + 1);
    let part = &run[start..];
    let begins = BEGINNINGS.iter().any(|(beginning, length)| {
        let rest = part.strip_prefix(beginning);
        rest.is_some_and(|rest| rest.len() >= *length && (has_digit(rest) && has_letter(rest)))
    });
    let is_aws = matches!(part.get(..4), Some("AKIA" | "ASIA"))
        && part.len() == 20
        && part.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    let is_jwt =
        part.starts_with("eyJ") && part.split('.').count() == 3 && part.split('.').all(|part| part.len() >= 10);
    (begins || is_aws || is_jwt).then_some(start..run.len())
}

/// Returns `None` if this is not a name beside which a key is expected.
fn key_words(run: &str) -> Option<KeyWords> {
    // A long name with many digits is a key itself.
    if run.len() > 60 || run.bytes().filter(u8::is_ascii_digit).count() > 3 {
        return None;
    }
    let name = run.trim_end_matches('.').rsplit(['.', '/']).next().unwrap_or_default();
    let words = words(name);
    let is_pair = |pair: &[String]| BEFORE_KEY.contains(&&*pair[0]) && pair[1] == "key";
    let has = |list: &[&str]| words.iter().any(|word| list.contains(&&**word));
    let is_name = has(&WORDS) || words.windows(2).any(is_pair);
    is_name.then(|| KeyWords { is_scheme: has(&["bearer"]), is_password: has(&PASSWORDS) })
}

/// The words of a name such as `OPENAI_API_KEY`, `--api-key` or `apiKey`, in lower case.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_lower = false;
    for character in name.chars() {
        let is_new = !character.is_ascii_alphanumeric() || (was_lower && character.is_ascii_uppercase());
        if is_new {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| character.is_ascii_alphanumeric()) {
            word.push(character.to_ascii_lowercase());
        }
        was_lower = character.is_ascii_lowercase();
    }
    words.retain(|word| !word.is_empty());
    words
}

/// True if a run has no words: the kinds of its characters change often.
fn is_random(run: &str, is_quoted: bool) -> bool {
    let bytes = run.trim_end_matches('=').as_bytes();
    let digits = bytes.iter().filter(|byte| byte.is_ascii_digit()).count();
    let changes = bytes.windows(2).filter(|pair| is_change(pair[0], pair[1])).count();
    let (least_digits, least_changes) =
        if is_quoted { (1, 3.max(bytes.len() / 8)) } else { (2, 4.max(bytes.len() / 6)) };
    bytes.len() >= SHORTEST_KEY && has_letter(run) && digits >= least_digits && changes >= least_changes
}

/// True from a letter to a digit or back, and from a small letter to a capital one.
fn is_change(a: u8, b: u8) -> bool {
    (a.is_ascii_alphabetic() && b.is_ascii_digit())
        || (a.is_ascii_digit() && b.is_ascii_alphabetic())
        || (a.is_ascii_lowercase() && b.is_ascii_uppercase())
}

fn has_digit(text: &str) -> bool {
    text.bytes().any(|byte| byte.is_ascii_digit())
}

fn has_letter(text: &str) -> bool {
    text.bytes().any(|byte| byte.is_ascii_alphabetic())
}

/// The text in quotes that follows the name of a password. It may have any characters but white space.
fn password_after(text: &str, end: usize) -> Option<Range<usize>> {
    let rest = &text[end..];
    let lead = rest.len() - rest.trim_start_matches([' ', '\t', '"', '\'', ']', ')', ':', '=', ',', '(']).len();
    let quote = rest[..lead].chars().next_back().filter(|it| matches!(it, '"' | '\''))?;
    // Otherwise the quote may be the one around the name.
    rest[..lead].contains([':', '=', ',']).then_some(())?;
    let length = rest[lead..].find(quote)?;
    let password = &rest[lead..lead + length];
    let is_long = (SHORTEST_PASSWORD..=200).contains(&length);
    let is_plain = !password.contains(char::is_whitespace) && !password.contains(['{', '$', '<']);
    (is_long && is_plain && has_digit(password) && has_letter(password)).then_some(end + lead..end + lead + length)
}

/// The contents of private keys in PEM form.
fn private_keys(text: &str) -> Vec<Range<usize>> {
    const KIND: &str = "PRIVATE KEY-----";
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(start) = text[at..].find(KIND).map(|start| at + start + KIND.len()) {
        let end = text[start..].find("-----END").map_or(text.len(), |end| start + end);
        let content = text[start..end].trim();
        if content.len() >= 40 {
            let from = start + text[start..end].find(content).unwrap_or_default();
            found.push(from..from + content.len());
        }
        at = text[end..].find(KIND).map_or(text.len(), |next| end + next + KIND.len());
    }
    found
}

/// The passwords in addresses such as `postgres://user:password@host`.
fn in_addresses(text: &str) -> impl Iterator<Item = Range<usize>> {
    text.match_indices("://").filter_map(|(at, separator)| {
        let start = at + separator.len();
        let rest = &text[start..];
        let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '/' | '"' | '\'' | '`'));
        let (login, _) = rest[..end.unwrap_or(rest.len())].rsplit_once('@')?;
        let colon = login.find(':')?;
        let password = &login[colon + 1..];
        let is_template = password.contains(['{', '$', '<', '%']) || password == PLACEHOLDER;
        (password.len() >= 3 && !is_template).then_some(start + colon + 1..start + login.len())
    })
}

/// Puts the places in order, and joins those that overlap.
fn apart(mut found: Vec<Range<usize>>) -> Vec<Range<usize>> {
    found.sort_by_key(|it| (it.start, it.end));
    let mut apart: Vec<Range<usize>> = Vec::new();
    for key in found {
        match apart.last_mut() {
            Some(last) if key.start < last.end => last.end = last.end.max(key.end),
            _ => apart.push(key),
        }
    }
    apart
}

#[cfg(test)]
mod tests;
