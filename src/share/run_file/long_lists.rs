//! Cuts the long columns of a record out of a file before it is parsed. serde skips a list in one call, and browsers
//! optimize a function only between two calls of it: skipping the lists of a million tasks took half a second.

/// The fields that are cut out: those whose type is [`NumbersText`](super::numbers::NumbersText).
const COLUMNS: [&str; 6] = ["name", "number", "parent", "after_us", "task", "wait"];

/// Shorter lists stay in the text.
const LEAST_BYTES: usize = 4_096;

/// The text without its long columns, and these columns as lists with their brackets. In the place of each is its index.
///
/// The index could also be in the file itself. Then it refers to one of the file's own lists, which is checked like any
/// other.
pub(super) fn cut_out(json: &str) -> (String, Vec<&str>) {
    let (mut rest, mut lists) = (String::new(), Vec::new());
    // Up to there, the text is in `rest` or in `lists`.
    let mut done = 0;
    let mut at = 0;
    while let Some(list) = next_list(json.as_bytes(), &mut at) {
        if at - list >= LEAST_BYTES && is_column(&json[..list]) {
            rest.push_str(&json[done..list]);
            rest.push_str(&lists.len().to_string());
            lists.push(&json[list..at]);
            done = at;
        }
    }
    rest.push_str(&json[done..]);
    (rest, lists)
}

/// True if the text ends with the name of a column and a colon.
fn is_column(json: &str) -> bool {
    let name = json.trim_end().strip_suffix(':').and_then(|json| json.trim_end().strip_suffix('"'));
    name.is_some_and(|json| COLUMNS.iter().any(|name| json.ends_with(name)))
}

/// Goes behind the next list of numbers, and returns where it begins.
fn next_list(json: &[u8], at: &mut usize) -> Option<usize> {
    loop {
        match json.get(*at)? {
            b'"' => skip_string(json, at),
            b'[' => {
                let list = *at;
                *at += 1;
                while skip_numbers(json, at) {}
                if json.get(*at) == Some(&b']') {
                    *at += 1;
                    return Some(list);
                }
            }
            _ => *at += 1,
        }
    }
}

/// Goes behind a string, or to the end of the text.
fn skip_string(json: &[u8], at: &mut usize) {
    *at += 1;
    while let Some(byte) = json.get(*at) {
        *at += if *byte == b'\\' { 2 } else { 1 };
        if *byte == b'"' {
            return;
        }
    }
}

/// Goes behind some of the bytes that a list of whole numbers can contain. False if none follows.
#[inline(never)]
fn skip_numbers(json: &[u8], at: &mut usize) -> bool {
    const BLOCK: usize = 4_096;
    let block = json[*at..].iter().take(BLOCK);
    let bytes = block.take_while(|byte| matches!(byte, b'0'..=b'9' | b',' | b' ' | b'\n' | b'\r' | b'\t')).count();
    *at += bytes;
    bytes > 0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A list that is long enough.
    fn long(number: &str) -> String {
        format!("[{}]", vec![number; LEAST_BYTES].join(","))
    }

    #[test]
    fn only_long_columns_are_cut_out() {
        let (long, other) = (long("12"), long("3"));
        let text = format!(r#"{{"task":[1,2],"a":["\"[",4],"wait":{long},"due_us":{long},"name" : {other}}}"#);
        let (rest, lists) = cut_out(&text);
        assert_eq!(rest, format!(r#"{{"task":[1,2],"a":["\"[",4],"wait":0,"due_us":{long},"name" : 1}}"#));
        assert_eq!(lists, [long, other]);
    }

    #[test]
    fn a_value_that_is_not_a_list_of_whole_numbers_stays() {
        let spaces = " ".repeat(LEAST_BYTES);
        for text in [
            format!("\"{}\"", long("1")),
            format!("\"\\\"{}\"", long("1")),
            long("-1"),
            long("1.5"),
            long("null"),
            format!("[{spaces}"),
            format!("\"{spaces}"),
            format!("{spaces}\\"),
            "\"\\".to_owned(),
            String::new(),
        ] {
            let column = format!("{{\"task\":{text}");
            assert_eq!(cut_out(&column), (column.clone(), vec![]));
        }
    }
}
