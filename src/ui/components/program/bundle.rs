//! The module that `tools/site` bundles from `static/editor`: the editor, zip files and compression.

use std::cell::RefCell;

use js_sys::{Array, Function, Map, Uint8Array};
use wasm_bindgen::prelude::*;
use web_sys::HtmlElement;

use crate::endpoint::service_worker::keep_for_python;
use crate::python::Manifest;

#[wasm_bindgen(module = "/src/ui/components/editor.js")]
extern "C" {
    #[wasm_bindgen(js_name = loadModule, catch)]
    async fn load_module(address: &str) -> Result<JsValue, JsValue>;
}

#[wasm_bindgen]
extern "C" {
    /// The module. The scripts in `static/editor` describe its functions.
    #[derive(Clone)]
    pub(super) type Bundle;

    #[wasm_bindgen(method, catch, js_name = createEditor)]
    fn create_editor(this: &Bundle, host: &HtmlElement) -> Result<Editor, JsValue>;

    #[wasm_bindgen(method, catch)]
    pub(super) fn pack(this: &Bundle, bytes: &[u8]) -> Result<Vec<u8>, JsValue>;

    #[wasm_bindgen(method, catch)]
    pub(super) fn unpack(this: &Bundle, bytes: &[u8], most_bytes: u32) -> Result<Vec<u8>, JsValue>;

    #[wasm_bindgen(method, catch)]
    fn zip(this: &Bundle, files: &Array) -> Result<Vec<u8>, JsValue>;

    #[wasm_bindgen(method, catch)]
    fn unzip(this: &Bundle, bytes: &[u8], most_files: u32, most_bytes: u32) -> Result<Array, JsValue>;

    /// An editor.
    pub(super) type Editor;

    #[wasm_bindgen(method)]
    pub(super) fn open(this: &Editor, name: &str, text: &str);

    #[wasm_bindgen(method)]
    pub(super) fn forget(this: &Editor);

    #[wasm_bindgen(method, js_name = setText)]
    pub(super) fn set_text(this: &Editor, text: &str);

    #[wasm_bindgen(method, js_name = getText)]
    pub(super) fn get_text(this: &Editor) -> String;

    #[wasm_bindgen(method, js_name = setReadOnly)]
    pub(super) fn set_read_only(this: &Editor, is_read_only: bool);

    #[wasm_bindgen(method, js_name = markLine)]
    pub(super) fn mark_line(this: &Editor, line: u32, kind: &str);

    #[wasm_bindgen(method, js_name = setGutter)]
    pub(super) fn set_gutter(this: &Editor, texts: &Map);

    #[wasm_bindgen(method, js_name = scrollToLine)]
    pub(super) fn scroll_to_line(this: &Editor, line: u32);

    #[wasm_bindgen(method, js_name = onChange)]
    fn on_change(this: &Editor, callback: &Function);

    #[wasm_bindgen(method, js_name = onPointLine)]
    fn on_point_line(this: &Editor, callback: &Function);

    #[wasm_bindgen(method)]
    fn destroy(this: &Editor);
}

thread_local! {
    static LOADED: RefCell<Option<Bundle>> = const { RefCell::new(None) };
}

impl Bundle {
    /// The module, which is loaded once.
    ///
    /// # Errors
    ///
    /// The reason why it is missing.
    pub(super) async fn load() -> Result<Self, String> {
        if let Some(loaded) = LOADED.with_borrow(Clone::clone) {
            return Ok(loaded);
        }
        let manifest = Manifest::read().await.map_err(|error| error.to_string())?;
        let module = manifest.editor.ok_or("this copy of the site was built without it")?;
        keep_for_python(&module.path);
        let loaded = load_module(&module.path).await.map_err(|_| "its code could not be loaded".to_owned())?;
        let loaded: Self = loaded.unchecked_into();
        LOADED.set(Some(loaded.clone()));
        Ok(loaded)
    }

    /// A zip file with these files.
    pub(super) fn zipped<'a>(&self, files: impl Iterator<Item = (&'a str, &'a [u8])>) -> Option<Vec<u8>> {
        let entry = |(name, bytes): (&str, &[u8])| Array::of2(&name.into(), &Uint8Array::from(bytes));
        self.zip(&files.map(entry).collect()).ok()
    }

    /// The files in a zip file. The limits are checked before anything is unpacked.
    ///
    /// # Errors
    ///
    /// `files` or `bytes` if there are too many, otherwise what is wrong with the file.
    pub(super) fn unzipped(
        &self,
        zip: &[u8],
        most_files: usize,
        most_bytes: usize,
    ) -> Result<Vec<(String, Vec<u8>)>, String> {
        let files = self.unzip(zip, most_files as u32, most_bytes as u32).map_err(|error| {
            error.dyn_ref::<js_sys::Error>().map_or_else(String::new, |error| error.message().into())
        })?;
        let file = |entry: JsValue| {
            let entry: Array = entry.unchecked_into();
            (entry.get(0).as_string().unwrap_or_default(), Uint8Array::new(&entry.get(1)).to_vec())
        };
        Ok(files.iter().map(file).collect())
    }
}

/// The editor on the page, with what it calls. Dropping it removes it.
pub(super) struct OpenEditor {
    editor: Editor,
    _on_change: Closure<dyn FnMut()>,
    _on_point_line: Closure<dyn FnMut(Option<u32>)>,
}

impl OpenEditor {
    /// Puts an editor into `host`.
    ///
    /// # Errors
    ///
    /// The reason why it is missing.
    pub(super) async fn open(
        host: &HtmlElement,
        on_change: impl FnMut() + 'static,
        on_point_line: impl FnMut(Option<u32>) + 'static,
    ) -> Result<Self, String> {
        let failed = |_| "it could not be opened".to_owned();
        let editor = Bundle::load().await?.create_editor(host).map_err(failed)?;
        let on_change = Closure::<dyn FnMut()>::new(on_change);
        let on_point_line = Closure::<dyn FnMut(_)>::new(on_point_line);
        editor.on_change(on_change.as_ref().unchecked_ref());
        editor.on_point_line(on_point_line.as_ref().unchecked_ref());
        Ok(Self { editor, _on_change: on_change, _on_point_line: on_point_line })
    }
}

impl std::ops::Deref for OpenEditor {
    type Target = Editor;

    fn deref(&self) -> &Editor {
        &self.editor
    }
}

impl Drop for OpenEditor {
    fn drop(&mut self) {
        self.editor.destroy();
    }
}
