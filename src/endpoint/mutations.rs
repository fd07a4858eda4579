//! For property tests: valid JSON with a few random changes, like the mistakes of real servers.

use proptest::prelude::*;
use serde_json::{Value, json};

/// A change of one value in a document.
#[derive(Clone, Debug)]
pub enum Mutation {
    /// The value is absent.
    Removed,
    /// Another value, often of another type.
    Replaced(Value),
    /// The value is in a list.
    InList,
    /// The value is in an object.
    InObject,
}

/// Between one and three changes, each with a number that selects its place.
pub fn mutations() -> impl Strategy<Value = Vec<(usize, Mutation)>> {
    let deep = || (0..100).fold(json!(1), |inner, _| json!([inner]));
    let others = vec![
        Value::Null,
        json!(true),
        json!(-1),
        json!(2.5),
        json!(1e300),
        json!(u64::MAX),
        json!(1_u64 << 33),
        json!([1_u64 << 33, 1_u64 << 33, 0]),
        json!(""),
        json!("-1"),
        json!("NaN"),
        json!("long ".repeat(30_000)),
        json!("a\nb\u{0}\u{202e}<script>"),
        json!([]),
        json!([null]),
        json!({}),
        json!({ "error": { "error": [{}, []] } }),
        json!(vec![0; 20_000]),
        deep(),
    ];
    let mutation = prop_oneof![
        Just(Mutation::Removed),
        prop::sample::select(others).prop_map(Mutation::Replaced),
        Just(Mutation::InList),
        Just(Mutation::InObject),
    ];
    prop::collection::vec((any::<usize>(), mutation), 1..=3)
}

/// The document with these changes.
pub fn mutated(mut document: Value, mutations: &[(usize, Mutation)]) -> Value {
    for (place, mutation) in mutations {
        let mut pointers = Vec::new();
        collect_pointers(&document, String::new(), &mut pointers);
        let pointer = &pointers[place % pointers.len()];
        match mutation {
            Mutation::Removed => remove(&mut document, pointer),
            Mutation::Replaced(other) => change(&mut document, pointer, |_| other.clone()),
            Mutation::InList => change(&mut document, pointer, |value| json!([value])),
            Mutation::InObject => change(&mut document, pointer, |value| json!({ "value": value })),
        }
    }
    document
}

/// The JSON pointers of all values, the document itself first.
fn collect_pointers(value: &Value, pointer: String, pointers: &mut Vec<String>) {
    match value {
        Value::Array(items) => {
            // Of a long list, the beginning is enough.
            for (index, item) in items.iter().enumerate().take(4) {
                collect_pointers(item, format!("{pointer}/{index}"), pointers);
            }
        }
        Value::Object(fields) => {
            for (name, field) in fields {
                collect_pointers(field, format!("{pointer}/{name}"), pointers);
            }
        }
        _ => {}
    }
    pointers.push(pointer);
}

fn change(document: &mut Value, pointer: &str, to: impl FnOnce(Value) -> Value) {
    if let Some(value) = document.pointer_mut(pointer) {
        *value = to(value.take());
    }
}

fn remove(document: &mut Value, pointer: &str) {
    let Some((parent, name)) = pointer.rsplit_once('/') else { return };
    match document.pointer_mut(parent) {
        Some(Value::Object(fields)) => drop(fields.remove(name)),
        Some(Value::Array(items)) => {
            if let Ok(index) = name.parse() {
                items.remove(index);
            }
        }
        _ => {}
    }
}
