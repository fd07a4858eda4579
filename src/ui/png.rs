//! Turns a picture into PNG, as the browser draws it.

use futures::channel::oneshot;
use js_sys::{Promise, Uint8Array};
use leptos::prelude::document;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, CanvasRenderingContext2d, HtmlCanvasElement, HtmlImageElement};

use crate::share::export::picture::Picture;

/// Pixels per unit of the picture: sharp on most screens.
const SCALE: u32 = 2;

/// The largest canvas that all browsers draw, in pixels. Safari on a phone has the lowest limit.
const MOST_PIXELS: u32 = 16_777_216;

/// The reason there is no PNG.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum PngError {
    /// The picture is larger than a canvas can be.
    #[error("the picture is too large for this browser: {width} × {height} pixels")]
    TooLarge {
        /// Its width in pixels.
        width: u32,
        /// Its height in pixels.
        height: u32,
    },
    /// The browser did not draw the picture.
    #[error("this browser could not draw the picture")]
    NotDrawn,
    /// The browser does not let the page read what it has drawn.
    #[error("this browser does not let the page read the drawn picture")]
    NotRead,
}

impl PngError {
    /// Advice for the user.
    pub(super) fn advice(self) -> &'static str {
        "Download the SVG instead: most programs can turn it into PNG."
    }
}

/// The picture as the bytes of a PNG file.
///
/// # Errors
///
/// If the browser cannot draw it, or does not let the page read it.
pub(super) async fn png_of(picture: &Picture) -> Result<Vec<u8>, PngError> {
    let [width, height] = [picture.width, picture.height].map(|length| length.saturating_mul(SCALE));
    if width.saturating_mul(height) > MOST_PIXELS {
        return Err(PngError::TooLarge { width, height });
    }
    let image = loaded(picture).await.map_err(|_| PngError::NotDrawn)?;
    let canvas = drawn(&image, width, height).ok_or(PngError::NotDrawn)?;
    let blob = blob_of(&canvas).await.ok_or(PngError::NotRead)?;
    let buffer = JsFuture::from(blob.array_buffer()).await.map_err(|_| PngError::NotRead)?;
    Ok(Uint8Array::new(&buffer).to_vec())
}

/// The picture as an image. Its address contains it, which the page's security policy allows.
async fn loaded(picture: &Picture) -> Result<HtmlImageElement, JsValue> {
    let image = HtmlImageElement::new()?;
    let text: String = js_sys::encode_uri_component(&picture.svg).into();
    let ready = Promise::new(&mut |resolve, reject| {
        image.set_onload(Some(&resolve));
        image.set_onerror(Some(&reject));
    });
    image.set_src(&format!("data:image/svg+xml;charset=utf-8,{text}"));
    JsFuture::from(ready).await?;
    Ok(image)
}

fn drawn(image: &HtmlImageElement, width: u32, height: u32) -> Option<HtmlCanvasElement> {
    let canvas: HtmlCanvasElement = document().create_element("canvas").ok()?.unchecked_into();
    canvas.set_width(width);
    canvas.set_height(height);
    let context: CanvasRenderingContext2d = canvas.get_context("2d").ok()??.unchecked_into();
    context.draw_image_with_html_image_element_and_dw_and_dh(image, 0.0, 0.0, width.into(), height.into()).ok()?;
    Some(canvas)
}

/// The content of a canvas as PNG. `None` if the browser refuses: it throws, or there is no blob.
async fn blob_of(canvas: &HtmlCanvasElement) -> Option<Blob> {
    let (send, receive) = oneshot::channel();
    let take = Closure::once_into_js(move |blob: Option<Blob>| drop(send.send(blob)));
    canvas.to_blob(take.unchecked_ref()).ok()?;
    receive.await.ok()?
}
