//! A program as JSON, in run files, saved programs and links. `docs/run-file.md` describes it.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{Content, ProgramFile, ProgramFiles};

/// A program. Text stays readable; other contents are base64.
#[derive(Serialize, Deserialize)]
struct Program<'a> {
    #[serde(borrow)]
    files: Vec<File<'a>>,
    #[serde(borrow, default, skip_serializing_if = "str::is_empty")]
    arguments: Cow<'a, str>,
}

#[derive(Serialize, Deserialize)]
struct File<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    text: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    base64: Option<Cow<'a, str>>,
}

impl Serialize for ProgramFiles {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let file = |file: &'_ ProgramFile| {
            let (text, base64) = match &file.content {
                Content::Text(text) => (Some(Cow::Owned(text.to_string())), None),
                Content::Bytes(bytes) => (None, Some(Cow::Owned(STANDARD.encode(bytes)))),
            };
            File { name: Cow::Owned(file.name.to_string()), text, base64 }
        };
        let files = self.files().iter().map(file).collect();
        Program { files, arguments: self.arguments().into() }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for ProgramFiles {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Program { files, arguments } = Program::deserialize(deserializer)?;
        let file = |File { name, text, base64 }: File| {
            let content = match (text, base64) {
                (Some(text), None) => Content::Text(text.into()),
                (None, Some(text)) => {
                    let bytes = STANDARD.decode(text.as_bytes());
                    Content::Bytes(bytes.map_err(|_| de::Error::custom("a file is not valid base64"))?.into())
                }
                _ => return Err(de::Error::custom("a file needs either `text` or `base64`")),
            };
            Ok(ProgramFile { name: name.into(), content })
        };
        let files = files.into_iter().map(file).collect::<Result<_, D::Error>>()?;
        Self::new(files, &arguments).map_err(de::Error::custom)
    }
}
